import type { Node } from "web-tree-sitter";
import type {
  Binding,
  BoundValue,
  ClassFacts,
  Expression,
  FunctionFacts,
  ModuleFacts,
  ModuleReference,
  Scope,
} from "./facts.ts";
import { firstNamed, positionOf, readExpression, readParameters } from "./read-expression.ts";

/** Functions inside functions are read this deep: `def main(): async def serve(): …`. */
const MAX_FUNCTION_DEPTH = 3;
const MAX_BLOCK_DEPTH = 30;
/** After these, a name may exist that no statement binds. */
const DYNAMIC_CALLS = new Set(["globals", "exec", "setattr"]);

type Reader = { scope: Scope; main: Scope | undefined; order: number; functionDepth: number };
type Place = { conditional: boolean; depth: number };

export function readModule(root: Node): ModuleFacts {
  const reader: Reader = { scope: emptyScope(), main: emptyScope(), order: 0, functionDepth: 0 };
  readBlock(reader, root, { conditional: false, depth: 0 });
  const { main, scope } = reader;
  const hasMain = main !== undefined && (main.calls.length > 0 || main.bindings.length > 0);
  return { top: scope, main: hasMain ? main : undefined, dynamic: isDynamic(scope) };
}

function readBlock(reader: Reader, block: Node | null, place: Place): void {
  if (place.depth > MAX_BLOCK_DEPTH) return;
  for (const statement of block?.namedChildren ?? []) readStatement(reader, statement, place);
}

function readStatement(reader: Reader, node: Node, place: Place): void {
  const within: Place = { conditional: true, depth: place.depth + 1 };
  switch (node.type) {
    case "expression_statement":
      for (const child of node.namedChildren) readSimple(reader, child, place);
      return;
    case "import_statement":
    case "import_from_statement":
      return readImport(reader, node, place);
    case "function_definition":
    case "class_definition":
      return readDefinition(reader, { node, decorators: [], place });
    case "decorated_definition": {
      const decorators = node.namedChildren
        .filter((child) => child.type === "decorator")
        .map((child) => readExpression(firstNamed(child)));
      const definition = node.childForFieldName("definition");
      if (definition !== null) readDefinition(reader, { node: definition, decorators, place });
      return;
    }
    case "if_statement":
      return readIf(reader, node, place);
    case "with_statement":
      readWith(reader, node, place);
      return readBlock(reader, node.childForFieldName("body"), { ...place, depth: place.depth + 1 });
    case "for_statement":
      bindTarget(reader, node.childForFieldName("left"), { place, value: () => ({ kind: "unknown" }) });
      return readParts(reader, node, within);
    case "try_statement":
    case "while_statement":
    case "match_statement":
      return readParts(reader, node, within);
    case "return_statement":
      reader.scope.returned.push(readExpression(firstNamed(node)));
      return readCalls(reader, node, place);
    case "delete_statement":
      for (const name of node.descendantsOfType("identifier"))
        bind(reader, name, { place, value: { kind: "deleted" } });
      return;
    case "print_statement":
    case "exec_statement":
    default:
      return;
  }
}

/** Every block of a compound statement: bodies, handlers, `else`, `finally`, cases. */
function readParts(reader: Reader, node: Node, place: Place): void {
  for (const child of node.namedChildren) {
    if (child.type === "block") readBlock(reader, child, place);
    else if (child.type.endsWith("_clause")) readParts(reader, child, { ...place, depth: place.depth + 1 });
  }
}

function readIf(reader: Reader, node: Node, place: Place): void {
  const within: Place = { conditional: true, depth: place.depth + 1 };
  const test = condition(node.childForFieldName("condition"));
  const body = node.childForFieldName("consequence");
  if (test === "main" && reader.main !== undefined) {
    const outer = reader.scope;
    readBlock(Object.assign(reader, { scope: reader.main }), body, { ...within, conditional: false });
    reader.scope = outer;
  } else if (test !== "type-checking") {
    readBlock(reader, body, within);
  }
  for (const branch of node.childrenForFieldName("alternative")) {
    if (branch?.type === "elif_clause") readIf(reader, branch, place);
    else if (branch !== null) readBlock(reader, branch.childForFieldName("body"), within);
  }
}

function condition(node: Node | null): "main" | "type-checking" | "other" {
  const text = (node?.text ?? "").replaceAll(/[\s()]/gu, "").replaceAll("'", '"');
  if (text === '__name__=="__main__"' || text === '"__main__"==__name__') return "main";
  return /^(\w+\.)?TYPE_CHECKING$/u.test(text) ? "type-checking" : "other";
}

function readSimple(reader: Reader, node: Node, place: Place): void {
  if (node.type === "assignment") return readAssignment(reader, node, place);
  if (node.type === "augmented_assignment") {
    bindTarget(reader, node.childForFieldName("left"), { place, value: () => ({ kind: "unknown" }) });
  }
  for (const walrus of node.type === "named_expression"
    ? [node]
    : node.descendantsOfType("named_expression")) {
    const value = readExpression(walrus.childForFieldName("value"));
    const name = walrus.childForFieldName("name");
    if (name !== null)
      bind(reader, name, { place, value: { kind: "expression", value, annotation: undefined } });
  }
  readCalls(reader, node, place);
}

function readAssignment(reader: Reader, node: Node, place: Place): void {
  const targets: Node[] = [];
  let current: Node | null = node;
  let annotation: Expression | undefined;
  while (current?.type === "assignment") {
    const left: Node | null = current.childForFieldName("left");
    if (left !== null) targets.push(left);
    const type: Node | null = current.childForFieldName("type");
    if (type !== null) annotation = readExpression(type);
    current = current.childForFieldName("right");
  }
  // A bare annotation, `app: FastAPI`, binds nothing.
  if (current === null) return;
  readCalls(reader, current, place);
  const expression = readExpression(current);
  for (const target of targets) {
    bindTarget(reader, target, {
      place,
      value: (index) =>
        index === undefined
          ? { kind: "expression", value: expression, annotation }
          : { kind: "item", value: expression, index },
    });
  }
}

function readWith(reader: Reader, node: Node, place: Place): void {
  for (const item of node.descendantsOfType("with_item")) {
    const value = item.childForFieldName("value");
    readCalls(reader, item, place);
    if (value?.type !== "as_pattern") continue;
    const expression = readExpression(firstNamed(value));
    const target = value.childForFieldName("alias");
    bindTarget(reader, target === null ? null : firstNamed(target), {
      place,
      // `with gr.Blocks() as demo`: a context manager that matters here gives itself.
      value: (index) =>
        index === undefined
          ? { kind: "expression", value: expression, annotation: undefined }
          : { kind: "unknown" },
    });
  }
}

type Target = { place: Place; value: (index: number | undefined) => BoundValue };

function bindTarget(reader: Reader, node: Node | null, { place, value }: Target): void {
  if (node === null) return;
  if (node.type === "identifier") {
    bind(reader, node, { place, value: value(undefined) });
  } else if (["pattern_list", "tuple_pattern", "list_pattern"].includes(node.type)) {
    for (const [index, item] of node.namedChildren.entries()) {
      if (item.type === "identifier") bind(reader, item, { place, value: value(index) });
    }
  }
}

function readImport(reader: Reader, node: Node, place: Place): void {
  const isFrom = node.type === "import_from_statement";
  const from = isFrom ? reference(node.childForFieldName("module_name")) : undefined;
  if (from !== undefined && node.namedChildren.some((child) => child.type === "wildcard_import")) {
    reader.scope.stars.push(from);
  }
  for (const item of node.childrenForFieldName("name")) {
    if (item === null) continue;
    const path = (item.type === "aliased_import" ? item.childForFieldName("name") : item)?.text ?? "";
    const alias = item.childForFieldName("alias");
    if (from !== undefined) {
      bind(reader, alias ?? item, { place, value: { kind: "import", from, name: path, loads: from } });
    } else {
      // `import a.b` binds `a`; `import a.b as c` binds the inner module.
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
}

function reference(node: Node | null): ModuleReference {
  const text = (node?.text ?? "").replaceAll(/\s/gu, "");
  const path = text.replace(/^\.+/u, "");
  return { level: text.length - path.length, path };
}

type Definition = { node: Node; decorators: Expression[]; place: Place };

function readDefinition(reader: Reader, { node, decorators, place }: Definition): void {
  const name = node.childForFieldName("name");
  if (name === null) return;
  const value: BoundValue =
    node.type === "function_definition"
      ? { kind: "function", function: readFunction(reader, node, decorators) }
      : { kind: "class", class: readClass(reader, node) };
  bind(reader, name, { place, value });
}

function readFunction(reader: Reader, node: Node, decorators: Expression[]): FunctionFacts {
  const body: Reader = {
    scope: emptyScope(),
    main: undefined,
    order: 0,
    functionDepth: reader.functionDepth + 1,
  };
  if (body.functionDepth <= MAX_FUNCTION_DEPTH) {
    readBlock(body, node.childForFieldName("body"), { conditional: false, depth: 0 });
  }
  const annotation = node.childForFieldName("return_type");
  return {
    isAsync: node.children.some((child) => child.type === "async"),
    decorators,
    parameters: readParameters(node.childForFieldName("parameters")),
    returns: annotation === null ? undefined : readExpression(annotation),
    body: body.scope,
  };
}

function readClass(reader: Reader, node: Node): ClassFacts {
  const bases: Expression[] = [];
  for (const base of node.childForFieldName("superclasses")?.namedChildren ?? []) {
    // `Base[int]` is as good as `Base` here.
    const plain = base.type === "subscript" ? base.childForFieldName("value") : base;
    if (base.type !== "keyword_argument" && base.type !== "comment") bases.push(readExpression(plain));
  }
  const body: Reader = {
    scope: emptyScope(),
    main: undefined,
    order: 0,
    functionDepth: reader.functionDepth + 1,
  };
  readBlock(body, node.childForFieldName("body"), { conditional: false, depth: 0 });
  const members = new Map<string, FunctionFacts | undefined>();
  for (const { name, value } of body.scope.bindings) {
    if (value.kind === "deleted") members.delete(name);
    else members.set(name, value.kind === "function" ? value.function : undefined);
  }
  return { bases, members };
}

function readCalls(reader: Reader, node: Node, { conditional }: Place): void {
  reader.order += 1;
  for (const call of node.descendantsOfType("call")) {
    const expression = readExpression(call);
    if (expression.kind === "call")
      reader.scope.calls.push({ call: expression, order: reader.order, conditional });
  }
}

function bind(
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

function isDynamic(scope: Scope): boolean {
  const defines = scope.bindings.some(
    ({ name, value }) => name === "__getattr__" && value.kind === "function",
  );
  return (
    defines ||
    scope.calls.some(({ call }) => call.callee.kind === "name" && DYNAMIC_CALLS.has(call.callee.id))
  );
}

function emptyScope(): Scope {
  return { bindings: [], calls: [], returned: [], stars: [] };
}
