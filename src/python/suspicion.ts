import type { Node, Tree } from "web-tree-sitter";
import { hasMistake } from "./mistakes.ts";

const HANDLERS = new Set(["except_clause", "except_group_clause", "finally_clause"]);

/** What newer Pythons have, with the minor version of Python 3 that was the first. */
const SINCE: Readonly<Record<string, number>> = {
  match_statement: 10,
  type_alias_statement: 12,
  type_parameter: 12,
};

/**
 * Whether Python 3.`minor` may refuse the file. It is cheap to ask and errs on the side of yes: tree-sitter accepts more
 * than Python, and only Python itself knows its words. An error that is missed is reported by the container's Python when
 * it imports the file.
 */
export function isSuspicious(source: string, { rootNode }: Tree, minor: number): boolean {
  return (
    rootNode.hasError ||
    hasNewerSyntax(rootNode, minor) ||
    hasMixedIndents(source) ||
    source.trimEnd().endsWith("\\") ||
    hasRaggedBlock(rootNode) ||
    hasStrayClause(rootNode) ||
    hasMistake(source, rootNode, minor)
  );
}

function hasNewerSyntax(root: Node, minor: number): boolean {
  const newer = Object.keys(SINCE).filter((type) => minor < (SINCE[type] ?? 0));
  return newer.length > 0 && root.descendantsOfType(newer).length > 0;
}

/** Indented by tabs in one line, and by spaces in another. */
function hasMixedIndents(source: string): boolean {
  return /^[ ]*\t/mu.test(source) && /^\t*[ ]+\S/mu.test(source);
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
