import type { Node } from "web-tree-sitter";
import type { BoundValue, ClassFacts, Expression, FunctionFacts, ModuleFacts, Scope } from "./facts.ts";
import { readImport, readSimple, readWith } from "./read-binding.ts";
import { firstNamed, readExpression, readParameters } from "./read-expression.ts";
import { bind, bindTarget, emptyScope, newReader, type Place, readCalls, type Reader } from "./reader.ts";

/** How deep functions inside functions are read. */
const MAX_FUNCTION_DEPTH = 3;
const MAX_BLOCK_DEPTH = 30;
/** The statements and calls that are read of one module, in some 300 ms. A long module has a tenth of them. */
const MAX_READ = 50_000;
/** Calls that can make names which no statement binds. */
const DYNAMIC_CALLS = new Set(["globals", "exec", "setattr"]);

export function readModule(root: Node): ModuleFacts {
  const main = emptyScope();
  const reader = newReader({ left: MAX_READ }, 0, main);
  readBlock(reader, root, { conditional: false, depth: 0 });
  const hasMain = main.calls.length > 0 || main.bindings.length > 0;
  return {
    top: reader.scope,
    main: hasMain ? main : undefined,
    dynamic: reader.budget.left <= 0 || isDynamic(reader.scope),
  };
}

function readBlock(reader: Reader, block: Node | null, place: Place): void {
  if (place.depth > MAX_BLOCK_DEPTH) return;
  for (const statement of block?.namedChildren ?? []) {
    reader.budget.left -= 1;
    if (reader.budget.left <= 0) return;
    readStatement(reader, statement, place);
  }
}

function readStatement(reader: Reader, node: Node, place: Place): void {
  const within: Place = { conditional: true, depth: place.depth + 1 };
  switch (node.type) {
    case "expression_statement":
      for (const child of node.namedChildren) readSimple(reader, child, place);
      break;
    case "import_statement":
    case "import_from_statement":
      readImport(reader, node, place);
      break;
    case "function_definition":
    case "class_definition":
      readDefinition(reader, { node, decorators: [], place });
      break;
    case "decorated_definition":
      readDecorated(reader, node, place);
      break;
    case "if_statement":
      readIf(reader, node, place);
      break;
    case "with_statement":
      readWith(reader, node, place);
      readBlock(reader, node.childForFieldName("body"), { ...place, depth: place.depth + 1 });
      break;
    case "for_statement":
      bindTarget(reader, node.childForFieldName("left"), { place, value: () => ({ kind: "unknown" }) });
      readParts(reader, node, within);
      break;
    case "try_statement":
    case "while_statement":
    case "match_statement":
    case "case_clause":
      readParts(reader, node, within);
      break;
    case "return_statement":
      reader.scope.returned.push(readExpression(firstNamed(node)));
      readCalls(reader, node, place);
      break;
    case "delete_statement":
      bindDeleted(reader, firstNamed(node), place);
      break;
    default:
  }
}

/** Every block of a compound statement: bodies, handlers, `else`, `finally`, cases. */
function readParts(reader: Reader, node: Node, place: Place): void {
  for (const child of node.namedChildren) {
    if (child.type === "block") readBlock(reader, child, place);
    else if (child.type.endsWith("_clause")) readParts(reader, child, place);
  }
}

function readIf(reader: Reader, node: Node, place: Place): void {
  const within: Place = { conditional: true, depth: place.depth + 1 };
  const test = conditionOf(node.childForFieldName("condition"));
  const body = node.childForFieldName("consequence");
  if (test === "main" && reader.main !== undefined) {
    const outer = reader.scope;
    reader.scope = reader.main;
    readBlock(reader, body, { ...within, conditional: false });
    reader.scope = outer;
  } else if (test !== "type-checking") {
    readBlock(reader, body, within);
  }
  for (const branch of node.childrenForFieldName("alternative")) {
    if (branch?.type === "elif_clause") readIf(reader, branch, place);
    else readBlock(reader, branch?.childForFieldName("body") ?? null, within);
  }
}

function conditionOf(node: Node | null): "main" | "type-checking" | "other" {
  const text = (node?.text ?? "").replaceAll(/[\s()]/gu, "").replaceAll("'", '"');
  if (text === '__name__=="__main__"' || text === '"__main__"==__name__') return "main";
  return /^(?:\w+\.)?TYPE_CHECKING$/u.test(text) ? "type-checking" : "other";
}

function bindDeleted(reader: Reader, node: Node | null, place: Place): void {
  if (node?.type === "identifier") bind(reader, node, { place, value: { kind: "deleted" } });
  if (node === null || !/^(?:expression_list|tuple|list|parenthesized_expression)$/u.test(node.type)) return;
  for (const child of node.namedChildren) bindDeleted(reader, child, place);
}

function readDecorated(reader: Reader, node: Node, place: Place): void {
  const decorators = node.namedChildren
    .filter(({ type }) => type === "decorator")
    .map((child) => readExpression(firstNamed(child)));
  const definition = node.childForFieldName("definition");
  if (definition !== null) readDefinition(reader, { node: definition, decorators, place });
}

type Definition = { node: Node; decorators: Expression[]; place: Place };

function readDefinition(reader: Reader, { node, decorators, place }: Definition): void {
  const name = node.childForFieldName("name");
  if (name === null) return;
  const value: BoundValue =
    node.type === "function_definition"
      ? { kind: "function", function: readFunction(reader, node, decorators) }
      : { kind: "class", class: readClass(reader, node, decorators) };
  bind(reader, name, { place, value });
}

function readFunction(reader: Reader, node: Node, decorators: Expression[]): FunctionFacts {
  const annotation = node.childForFieldName("return_type");
  return {
    isAsync: node.children.some(({ type }) => type === "async"),
    decorators,
    parameters: readParameters(node.childForFieldName("parameters")),
    returns: annotation === null ? undefined : readExpression(annotation),
    body: readBody(reader, node),
  };
}

function readClass(reader: Reader, node: Node, decorators: Expression[]): ClassFacts {
  const bases: Expression[] = [];
  for (const base of node.childForFieldName("superclasses")?.namedChildren ?? []) {
    if (base.type === "keyword_argument" || base.type === "comment") continue;
    // Of `Base[int]` only `Base` matters here.
    bases.push(readExpression(base.type === "subscript" ? base.childForFieldName("value") : base));
  }
  const members = new Map<string, FunctionFacts | undefined>();
  for (const { name, value } of readBody(reader, node).bindings) {
    if (value.kind === "deleted") members.delete(name);
    else members.set(name, value.kind === "function" ? value.function : undefined);
  }
  return { decorators, bases, members };
}

function readBody({ budget, functionDepth }: Reader, node: Node): Scope {
  const body = newReader(budget, functionDepth + 1);
  if (body.functionDepth <= MAX_FUNCTION_DEPTH) {
    readBlock(body, node.childForFieldName("body"), { conditional: false, depth: 0 });
  }
  return body.scope;
}

function isDynamic({ bindings, calls }: Scope): boolean {
  const definesLookup = bindings.some(
    ({ name, value }) => name === "__getattr__" && value.kind === "function",
  );
  return (
    definesLookup ||
    calls.some(({ call }) => call.callee.kind === "name" && DYNAMIC_CALLS.has(call.callee.id))
  );
}
