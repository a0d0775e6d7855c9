import type { Node } from "web-tree-sitter";
import type { Call, Expression, Parameter, Position } from "./facts.ts";

/** Deeper nesting is not read: it must not exhaust the stack. */
const MAX_DEPTH = 40;
const OTHER: Expression = { kind: "other" };
const BINARY = new Map<string, "sum" | "pipe">([
  ["+", "sum"],
  ["|", "pipe"],
]);
const LITERALS = new Set([
  "none",
  "true",
  "false",
  "dictionary",
  "set",
  "list_comprehension",
  "dictionary_comprehension",
  "set_comprehension",
  "generator_expression",
  "comparison_operator",
  "not_operator",
  "ellipsis",
]);

export function readExpression(node: Node | null, depth = 0): Expression {
  if (node === null || depth > MAX_DEPTH) return OTHER;
  const inner = (child: Node | null) => readExpression(child, depth + 1);
  switch (node.type) {
    case "identifier":
      return { kind: "name", id: node.text };
    case "attribute":
      return {
        kind: "attribute",
        base: inner(node.childForFieldName("object")),
        name: node.childForFieldName("attribute")?.text ?? "",
      };
    case "subscript":
      return { kind: "subscript", base: inner(node.childForFieldName("value")) };
    case "call":
      return readCall(node, depth);
    case "lambda":
      return { kind: "lambda", parameters: readParameters(node.childForFieldName("parameters")) };
    case "conditional_expression": {
      const [whenTrue, , whenFalse] = node.namedChildren;
      return { kind: "either", options: [inner(whenTrue ?? null), inner(whenFalse ?? null)] };
    }
    case "boolean_operator":
      return {
        kind: "either",
        options: [inner(node.childForFieldName("left")), inner(node.childForFieldName("right"))],
      };
    case "parenthesized_expression":
    case "await":
    case "type":
      return inner(firstNamed(node));
    case "named_expression":
      return inner(node.childForFieldName("value"));
    case "as_pattern":
      return inner(firstNamed(node));
    case "tuple":
    case "list":
    case "expression_list":
      return { kind: "items", items: withoutComments(node).map(inner) };
    case "binary_operator": {
      const kind = BINARY.get(node.childForFieldName("operator")?.type ?? "");
      if (kind === undefined) return OTHER;
      return {
        kind,
        left: inner(node.childForFieldName("left")),
        right: inner(node.childForFieldName("right")),
      };
    }
    case "string":
    case "concatenated_string":
      return readString(node);
    case "integer":
    case "float": {
      const value = Number(node.text.replaceAll("_", ""));
      return Number.isNaN(value) ? { kind: "literal" } : { kind: "number", value };
    }
    default:
      return LITERALS.has(node.type) ? { kind: "literal" } : OTHER;
  }
}

export function readParameters(list: Node | null): Parameter[] {
  const parameters: Parameter[] = [];
  let kind: "positional" | "keyword-only" = "positional";
  for (const node of list?.namedChildren ?? []) {
    const target = node.type === "typed_parameter" ? firstNamed(node) : node;
    if (target === null) continue;
    switch (target.type) {
      case "identifier":
        parameters.push({ name: target.text, kind, required: true });
        break;
      case "default_parameter":
      case "typed_default_parameter":
        parameters.push({ name: target.childForFieldName("name")?.text ?? "", kind, required: false });
        break;
      case "list_splat_pattern":
        parameters.push({ name: firstNamed(target)?.text ?? "", kind: "rest", required: false });
        kind = "keyword-only";
        break;
      case "dictionary_splat_pattern":
        parameters.push({ name: firstNamed(target)?.text ?? "", kind: "keywords", required: false });
        break;
      case "keyword_separator":
        kind = "keyword-only";
        break;
      default:
    }
  }
  return parameters;
}

export function positionOf(node: Node): Position {
  return { line: node.startPosition.row + 1, column: node.startPosition.column + 1 };
}

export function firstNamed(node: Node): Node | null {
  return node.namedChildren.find((child) => child.type !== "comment") ?? null;
}

function withoutComments(node: Node): Node[] {
  return node.namedChildren.filter(({ type }) => type !== "comment");
}

function readCall(node: Node, depth: number): Call {
  const args: Expression[] = [];
  const keywords = new Map<string, Expression>();
  const list = node.childForFieldName("arguments");
  let hasMore = false;
  for (const child of list?.type === "argument_list" ? withoutComments(list) : []) {
    if (child.type === "dictionary_splat") hasMore = true;
    if (child.type === "keyword_argument") {
      const name = child.childForFieldName("name")?.text ?? "";
      keywords.set(name, readExpression(child.childForFieldName("value"), depth + 1));
    } else {
      args.push(readExpression(child, depth + 1));
    }
  }
  const callee = readExpression(node.childForFieldName("function"), depth + 1);
  return { kind: "call", callee, args, keywords, hasMore, at: positionOf(node) };
}

/** Only plain text is read. With an interpolation or an escape it is a literal of unknown value. */
function readString(node: Node): Expression {
  const parts = node.type === "string" ? [node] : node.namedChildren;
  let value = "";
  for (const part of parts) {
    for (const child of part.namedChildren) {
      if (child.type === "interpolation" || child.namedChildCount > 0) return { kind: "literal" };
      if (child.type === "string_content") value += child.text;
    }
  }
  return { kind: "string", value };
}
