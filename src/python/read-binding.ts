import type { Node } from "web-tree-sitter";
import type { BoundValue, Expression, ModuleReference } from "./facts.ts";
import { firstNamed, readExpression } from "./read-expression.ts";
import { bind, bindTarget, type Place, readCalls, type Reader } from "./reader.ts";

/** Reads an expression or an assignment. */
export function readSimple(reader: Reader, node: Node, place: Place): void {
  if (node.type === "assignment") return readAssignment(reader, node, place);
  if (node.type === "augmented_assignment") {
    bindTarget(reader, node.childForFieldName("left"), { place, value: () => ({ kind: "unknown" }) });
  }
  for (const walrus of node.descendantsOfType("named_expression")) {
    const name = walrus.childForFieldName("name");
    const value = readExpression(walrus.childForFieldName("value"));
    if (name !== null)
      bind(reader, name, { place, value: { kind: "expression", value, annotation: undefined } });
  }
  readCalls(reader, node, place);
}

/** `with gr.Blocks() as demo`: the context managers that matter here return themselves. */
export function readWith(reader: Reader, node: Node, place: Place): void {
  const clause = node.namedChildren.find(({ type }) => type === "with_clause");
  for (const item of clause?.descendantsOfType("with_item") ?? []) {
    readCalls(reader, item, place);
    const value = item.childForFieldName("value");
    const target = value?.type === "as_pattern" ? value.childForFieldName("alias") : null;
    if (value === null || target === null) continue;
    const given: Expression = readExpression(firstNamed(value));
    bindTarget(reader, firstNamed(target), {
      place,
      value: (index) =>
        index === undefined
          ? { kind: "expression", value: given, annotation: undefined }
          : { kind: "unknown" },
    });
  }
}

export function readImport(reader: Reader, node: Node, place: Place): void {
  const isFrom = node.type === "import_from_statement";
  const from = isFrom ? reference(node.childForFieldName("module_name")) : undefined;
  if (from !== undefined && node.namedChildren.some(({ type }) => type === "wildcard_import")) {
    reader.scope.stars.push(from);
  }
  for (const item of node.childrenForFieldName("name")) {
    if (item === null) continue;
    const path = (item.type === "aliased_import" ? item.childForFieldName("name") : item)?.text ?? "";
    const alias = item.childForFieldName("alias");
    if (from !== undefined) {
      bind(reader, alias ?? item, { place, value: { kind: "import", from, name: path, loads: from } });
      continue;
    }
    // `import a.b` binds `a`, and `import a.b as c` binds the inner module.
    const bound = alias === null ? (path.split(".")[0] ?? path) : path;
    const value: BoundValue = {
      kind: "import",
      from: { level: 0, path: bound },
      name: undefined,
      loads: { level: 0, path },
    };
    bind(reader, alias ?? item, { place, value, name: alias?.text ?? bound });
  }
}

function readAssignment(reader: Reader, node: Node, place: Place): void {
  const targets: Node[] = [];
  let current: Node | null = node;
  let annotation: Expression | undefined;
  while (current?.type === "assignment") {
    const left: Node | null = current.childForFieldName("left");
    const type: Node | null = current.childForFieldName("type");
    if (left !== null) targets.push(left);
    if (type !== null) annotation = readExpression(type);
    current = current.childForFieldName("right");
  }
  // `app: FastAPI` alone binds nothing.
  if (current === null) return;
  readSimple(reader, current, place);
  const value = readExpression(current);
  for (const target of targets) {
    if (target.type !== "identifier") readCalls(reader, target, place);
    bindTarget(reader, target, {
      place,
      value: (index) =>
        index === undefined ? { kind: "expression", value, annotation } : { kind: "item", value, index },
    });
  }
}

function reference(node: Node | null): ModuleReference {
  const text = (node?.text ?? "").replaceAll(/\s/gu, "");
  const path = text.replace(/^\.+/u, "");
  return { level: text.length - path.length, path };
}
