import { Language, Parser, type Tree } from "web-tree-sitter";
import grammarWasm from "tree-sitter-python/tree-sitter-python.wasm" with { type: "file" };
import { once } from "./once.ts";
import treeSitterWasm from "web-tree-sitter/web-tree-sitter.wasm" with { type: "file" };

/**
 * Source made to take long must not hold the event loop. Counted in tree-sitter's calls for progress, not in time,
 * so that a busy host refuses nothing that a quiet one takes: 1 KiB of plain Python needs 5 to 9, and this many
 * take about half a second.
 */
const MAX_PROGRESS_CALLS = 25_000;

export type PythonParser = {
  /** The caller deletes the tree. Undefined when the source takes too long to parse. */
  parse(source: string): Tree | undefined;
};

/**
 * tree-sitter's own Python grammar, loaded once per process, in about 30 ms.
 *
 * Chosen over Lezer's, which sees errors in one valid file of thirteen (`with … as (a, b)`, `42.`, a bare
 * `yield`, parenthesised `with`), where this one sees one in four thousand.
 */
export const loadPythonParser: () => Promise<PythonParser> = once(async () => {
  const [treeSitter, grammar] = await Promise.all([
    Bun.file(treeSitterWasm).bytes(),
    Bun.file(grammarWasm).bytes(),
  ]);
  await Parser.init({ wasmBinary: treeSitter });
  const parser = new Parser();
  parser.setLanguage(await Language.load(grammar));
  return { parse: (source) => parseWithin(parser, source) };
});

function parseWithin(parser: Parser, source: string): Tree | undefined {
  let calls = 0;
  const progressCallback = () => {
    calls += 1;
    return calls > MAX_PROGRESS_CALLS;
  };
  const tree = parser.parse(source, undefined, { progressCallback });
  if (tree === null) parser.reset();
  return tree ?? undefined;
}
