import type { Node } from "web-tree-sitter";

import type { Expression, ModuleFacts } from "./facts.ts";

/** Where a list may stand without anything changing it. */
const READ_ONLY_PARENTS = new Set([
  "binary_operator",
  "list_splat",
  "for_statement",
  "for_in_clause",
  "pair",
]);

/**
 * The names of a module that have one value wherever they are read. They are bound once, at the top level, under no
 * condition, to a constant. A list among them is nowhere changed. The evaluator itself takes the likeliest of several values.
 */
export function constantNames(root: Node, { top, main }: ModuleFacts): ReadonlySet<string> {
  const bindings = [...top.bindings, ...(main?.bindings ?? [])];
  const counts = Map.groupBy(bindings, ({ name }) => name);
  const changed = namesMaybeChanged(root, new Set(counts.keys()));
  const global = new Set(
    root.descendantsOfType("global_statement").flatMap((statement) => statement.namedChildren.map(textOf)),
  );
  const constants = new Set<string>();
  for (const { name, conditional, value } of bindings) {
    if (value.kind !== "expression" || conditional || global.has(name)) continue;
    if (counts.get(name)?.length !== 1 || !isConstant(value.value, constants)) continue;
    if (value.value.kind === "string" || !changed.has(name)) constants.add(name);
  }
  return constants;
}

/** Whether an expression has one value: literals, constants, and sums of them. */
export function isConstant(expression: Expression, constants: ReadonlySet<string>): boolean {
  const { kind } = expression;
  if (kind === "name") return constants.has(expression.id);
  if (kind === "items") return expression.items.every((item) => isConstant(item, constants));
  if (kind === "sum") return [expression.left, expression.right].every((part) => isConstant(part, constants));
  return kind === "string" || kind === "number";
}

/** The names whose value may be changed somewhere: `names.append(…)`, `names[0] = …`, `change(names)`. */
function namesMaybeChanged(root: Node, names: ReadonlySet<string>): Set<string> {
  const changed = new Set<string>();
  for (const node of root.descendantsOfType("identifier")) {
    const name = node.text;
    if (names.has(name) && !changed.has(name) && !isHarmless(node)) changed.add(name);
  }
  return changed;
}

function isHarmless(node: Node): boolean {
  const { parent } = node;
  if (parent === null || READ_ONLY_PARENTS.has(parent.type)) return true;
  if (parent.type === "assignment") return parent.childForFieldName("left")?.id === node.id;
  if (parent.type === "attribute") return parent.childForFieldName("attribute")?.id === node.id;
  if (parent.type !== "keyword_argument") return false;
  return parent.childForFieldName("name")?.id === node.id || isSetupCall(parent.parent?.parent ?? null);
}

/** What `setup` is given is not read again by a `setup.py`. */
function isSetupCall(call: Node | null): boolean {
  return /(?:^|\.)setup$/u.test(call?.childForFieldName("function")?.text ?? "");
}

function textOf({ text }: Node): string {
  return text;
}
