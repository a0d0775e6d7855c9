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
 * The names of a module that stand for one value wherever they are read: bound once, at the top level, under no
 * condition, to something constant, and where that is a list, nowhere changed. The evaluator, for its part, takes the
 * likeliest of several values.
 */
export function constantNames(root: Node, { top, main }: ModuleFacts): ReadonlySet<string> {
  const bindings = [...top.bindings, ...(main?.bindings ?? [])];
  const counts = Map.groupBy(bindings, ({ name }) => name);
  const changed = namesMaybeChanged(root);
  const global = new Set(identifiers(root, "global_statement").map(({ text }) => text));
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

/** Names that stand where what they hold may be changed: `names.append(…)`, `names[0] = …`, `change(names)`. */
function namesMaybeChanged(root: Node): Set<string> {
  const changed = identifiers(root, "module").filter((node) => !isHarmless(node));
  return new Set(changed.map(({ text }) => text));
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

function identifiers(root: Node, within: string): Node[] {
  const places = within === root.type ? [root] : root.descendantsOfType(within);
  return places.flatMap((place) => place.descendantsOfType("identifier"));
}
