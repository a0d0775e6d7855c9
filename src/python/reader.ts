import type { Node } from "web-tree-sitter";
import type { Binding, BoundValue, Scope } from "./facts.ts";
import { positionOf, readExpression } from "./read-expression.ts";

/** A statement with more calls is data. */
const MAX_CALLS = 100;

/** Reads one scope: the top level of a module, or the body of a function or a class. */
export type Reader = {
  scope: Scope;
  /** The scope of `if __name__ == "__main__":`. Undefined inside functions and classes. */
  main: Scope | undefined;
  order: number;
  functionDepth: number;
  /** The statements and calls that may still be read. All scopes of the module share it. */
  budget: { left: number };
};

/** The place of a statement. */
export type Place = { conditional: boolean; depth: number };

/** How a target is bound. `index` is its place in a tuple of targets. */
export type Target = { place: Place; value: (index: number | undefined) => BoundValue };

export function newReader(budget: Reader["budget"], functionDepth: number, main?: Scope): Reader {
  return { scope: emptyScope(), main, order: 0, functionDepth, budget };
}

export function emptyScope(): Scope {
  return { bindings: [], calls: [], returned: [], stars: [] };
}

export function bind(
  reader: Reader,
  node: Node,
  { place, value, name }: { place: Place; value: BoundValue; name?: string },
): void {
  reader.order += 1;
  const binding: Binding = {
    name: name ?? node.text,
    at: positionOf(node),
    order: reader.order,
    conditional: place.conditional,
    value,
  };
  reader.scope.bindings.push(binding);
}

export function bindTarget(reader: Reader, node: Node | null, { place, value }: Target): void {
  if (node?.type === "identifier") bind(reader, node, { place, value: value(undefined) });
  else if (node !== null && /^(?:pattern_list|tuple_pattern|list_pattern)$/u.test(node.type)) {
    for (const [index, item] of node.namedChildren.entries()) {
      if (item.type === "identifier") bind(reader, item, { place, value: value(index) });
    }
  }
}

/** Reads every call in a simple statement, with the calls inside calls. */
export function readCalls(reader: Reader, node: Node, { conditional }: Place): void {
  reader.order += 1;
  const calls = node.descendantsOfType("call").slice(0, MAX_CALLS);
  reader.budget.left -= calls.length;
  for (const found of calls) {
    const call = readExpression(found);
    if (call.kind === "call") reader.scope.calls.push({ call, order: reader.order, conditional });
  }
}
