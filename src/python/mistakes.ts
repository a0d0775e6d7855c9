import type { Node } from "web-tree-sitter";

/** What Python refuses although its grammar has it. tree-sitter accepts all of these. */
type Mistake = {
  /** Without this in the text nothing is looked for in the tree, where each node costs microseconds. */
  sign: RegExp;
  /** The types of the nodes that may be wrong; the sign alone counts when there are none. */
  types: string[];
  isWrong: (node: Node) => boolean;
  /** Since this minor version of Python 3 it is none. */
  until?: number;
};

const SCOPES = new Set(["function_definition", "lambda", "class_definition", "module"]);
const LOOPS = new Set(["for_statement", "while_statement"]);
const NAMED = new Set(["keyword_argument", "dictionary_splat"]);
/** What may follow a named argument. */
const FREE = new Set([...NAMED, "list_splat", "comment"]);
/** What ends the parameters that can be given by their place. */
const KEYWORD_ONLY = new Set(["list_splat_pattern", "keyword_separator", "dictionary_splat_pattern"]);
const ODD_IN_BYTES = /^x(?![\dA-Fa-f]{2})/u;
const ODD_IN_TEXT = /^(?:x(?![\dA-Fa-f]{2})|u(?![\dA-Fa-f]{4})|U(?![\dA-Fa-f]{8})|N(?!\{))/u;
/** A value in a list, and after it something without one. */
const ORDER_SIGN = /=\s*[^=,()\n]+,\s*[^=,()\n*]+[,)]/u;

const byText = (sign: RegExp, until?: number): Mistake => ({
  sign,
  types: [],
  isWrong: () => true,
  ...(until !== undefined && { until }),
});

const MISTAKES: readonly Mistake[] = [
  byText(/^\s*from\s[^\n]*\simport\s[^(\n#]*,\s*$/mu),
  byText(/^\s*except\s+[\w.]+\s*,/mu, 14),
  byText(/^\s*\w+\s*:=/mu),
  { sign: /\b(?:print|exec)[ \t]+\S/u, types: ["print_statement", "exec_statement"], isWrong: () => true },
  {
    sign: /^return\b/mu,
    types: ["return_statement"],
    isWrong: (node) => scopeOf(node).type !== "function_definition",
  },
  { sign: /\bawait\b/u, types: ["await"], isWrong: (node) => scopeOf(node).firstChild?.type !== "async" },
  {
    sign: /\b(?:break|continue)\b/u,
    types: ["break_statement", "continue_statement"],
    isWrong: isOutsideLoops,
  },
  { sign: ORDER_SIGN, types: ["parameters", "lambda_parameters"], isWrong: hasOddParameters },
  { sign: ORDER_SIGN, types: ["argument_list"], isWrong: hasOddArguments },
  { sign: /\bglobal\b/u, types: ["global_statement"], isWrong: namesWhatCameBefore },
  { sign: /^from __future__/mu, types: ["future_import_statement"], isWrong: isLate },
  {
    sign: /\b0[0-9_]*[1-9]/u,
    types: ["integer"],
    isWrong: ({ text }) => /^0[0-9_]*[1-9]/u.test(text),
  },
  {
    sign: /\bt[rR]?["']|\b[rR]t["']/u,
    types: ["string_start"],
    isWrong: ({ text }) => /t/iu.test(text),
    until: 14,
  },
  { sign: /\\[xuUN]/u, types: ["string_content"], isWrong: hasOddEscape },
];

/** Whether a file may have what Python 3.`minor` refuses, though tree-sitter does not. */
export function hasMistake(source: string, root: Node, minor: number): boolean {
  return MISTAKES.some(({ sign, types, isWrong, until }) => {
    if ((until !== undefined && minor >= until) || !sign.test(source)) return false;
    return types.length === 0 || root.descendantsOfType(types).some((node) => isWrong(node));
  });
}

/** The function, lambda or class that a node is in, or the module. */
function scopeOf(node: Node): Node {
  let scope = node;
  do scope = scope.parent ?? scope;
  while (!SCOPES.has(scope.type) && scope.parent !== null);
  return scope;
}

function isOutsideLoops(node: Node): boolean {
  for (let outer = node.parent; outer !== null && !SCOPES.has(outer.type); outer = outer.parent) {
    if (LOOPS.has(outer.type)) return false;
  }
  return true;
}

/** A parameter without a default after one that has it. */
function hasOddParameters({ namedChildren }: Node): boolean {
  const end = namedChildren.findIndex(
    (child) => isKeywordOnly(child) || isKeywordOnly(child.firstNamedChild),
  );
  const byPlace = (end < 0 ? namedChildren : namedChildren.slice(0, end)).filter(
    ({ type }) => type !== "comment" && type !== "positional_separator",
  );
  const first = byPlace.findIndex(({ type }) => type.includes("default"));
  return first >= 0 && byPlace.slice(first).some(({ type }) => !type.includes("default"));
}

function isKeywordOnly(child: Node | null): boolean {
  return child !== null && KEYWORD_ONLY.has(child.type);
}

function hasOddArguments({ namedChildren }: Node): boolean {
  const first = namedChildren.findIndex(({ type }) => NAMED.has(type));
  return first >= 0 && namedChildren.slice(first).some(({ type }) => !FREE.has(type));
}

/** A name that stands for something else counts, too. */
function namesWhatCameBefore(node: Node): boolean {
  const scope = scopeOf(node);
  if (scope.type !== "function_definition") return false;
  const before = scope.text.slice(0, node.startIndex - scope.startIndex);
  const words = new Set(before.match(/\w+/gu));
  return node.namedChildren.some(({ text }) => words.has(text));
}

function isLate(node: Node): boolean {
  for (let before = node.previousNamedSibling; before !== null; before = before.previousNamedSibling) {
    const isText = before.type === "expression_statement" && before.firstNamedChild?.type === "string";
    if (!isText && before.type !== "comment" && before.type !== "future_import_statement") return true;
  }
  return false;
}

/** `"C:\Users"`: the beginning of an escape that is none. */
function hasOddEscape({ text, parent }: Node): boolean {
  const prefix = parent?.firstChild?.text ?? "";
  if (/r/iu.test(prefix)) return false;
  const odd = /b/iu.test(prefix) ? ODD_IN_BYTES : ODD_IN_TEXT;
  // Each backslash with its character: of two in a row the second begins nothing.
  return [...text.matchAll(/\\[^]/gu)].some(({ index }) => odd.test(text.slice(index + 1, index + 10)));
}
