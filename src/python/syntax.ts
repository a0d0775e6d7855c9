import loadRuff, { PositionEncoding, Workspace } from "@astral-sh/ruff-wasm-web";
import ruffWasm from "@astral-sh/ruff-wasm-web/ruff_wasm_bg.wasm" with { type: "file" };
import type { Node, Tree } from "web-tree-sitter";
import type { Position } from "./facts.ts";
import { once } from "./once.ts";

/** CPython refuses more open brackets, and they could exhaust the stack that ruff has in WebAssembly. */
const MAX_BRACKETS = 200;
const NEWEST_PYTHON = "py314";
const HANDLERS = new Set(["except_clause", "except_group_clause", "finally_clause"]);

const loadJudge = once(async () => await loadRuff({ module_or_path: await Bun.file(ruffWasm).bytes() }));

export type SyntaxProblem = { message: string; at: Position };

type Diagnostic = { code: string | null; message: string; start_location: { row: number; column: number } };

/**
 * The first syntax error that ruff's parser finds. It refuses what CPython refuses, and finds no error in the standard
 * libraries of CPython 3.8 to 3.14.
 *
 * Once loaded it takes 80 MB of memory, so it is asked only about a tree that {@link isSuspicious}. An error that is missed
 * is reported by the container's Python when it imports the file.
 */
export async function findSyntaxProblem(source: string, tree: Tree): Promise<SyntaxProblem | undefined> {
  if (!isSuspicious(tree) || bracketDepth(source) > MAX_BRACKETS) return undefined;
  await loadJudge();
  try {
    return firstProblem(source);
  } catch {
    // Deep nesting without brackets can exhaust its stack too, which says nothing against the file.
    return undefined;
  }
}

function firstProblem(source: string): SyntaxProblem | undefined {
  const settings = { "target-version": NEWEST_PYTHON, lint: { select: [] } };
  using workspace = new Workspace(settings, PositionEncoding.Utf32);
  const found: Diagnostic[] = workspace.check(source);
  const first = found.find(({ code }) => code === null || code === "invalid-syntax");
  if (first === undefined) return undefined;
  const { row, column } = first.start_location;
  const message = first.message.replace(/^SyntaxError: /u, "");
  return { message, at: { line: row, column } };
}

/** Whether the tree has an error, a statement of Python 2, or a block whose lines begin in different columns. */
function isSuspicious({ rootNode }: Tree): boolean {
  if (rootNode.hasError) return true;
  if (rootNode.descendantsOfType(["print_statement", "exec_statement"]).length > 0) return true;
  return hasRaggedBlock(rootNode) || hasStrayClause(rootNode);
}

/** tree-sitter accepts an empty block, and an indentation that no open block has. */
function hasRaggedBlock(root: Node): boolean {
  return root.descendantsOfType(["module", "block"]).some((block) => {
    let column: number | undefined;
    let row = -1;
    for (const { type, startPosition } of block.namedChildren) {
      if (type === "comment" || startPosition.row === row) continue;
      if (column !== undefined && startPosition.column !== column) return true;
      column = startPosition.column;
      row = startPosition.row;
    }
    return block.type === "block" && column === undefined;
  });
}

/** tree-sitter also accepts an `else:` in another column than its `if`, and a `try:` without a handler. */
function hasStrayClause(root: Node): boolean {
  const clauses = root.descendantsOfType(["elif_clause", "else_clause", "except_clause", "finally_clause"]);
  const isOut = clauses.some(
    ({ parent, startPosition }) => startPosition.column !== parent?.startPosition.column,
  );
  const tries = root.descendantsOfType("try_statement");
  return isOut || tries.some(({ namedChildren }) => !namedChildren.some(({ type }) => HANDLERS.has(type)));
}

function bracketDepth(source: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [bracket] of source.matchAll(/[()[\]{}]/gu)) {
    depth += "([{".includes(bracket) ? 1 : -1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}
