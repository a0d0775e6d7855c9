import { Language, Parser, type Tree } from "web-tree-sitter";
import grammarWasm from "tree-sitter-python/tree-sitter-python.wasm" with { type: "file" };
import { KiB } from "../lib/bytes.ts";
import { once } from "../lib/once.ts";
import treeSitterWasm from "web-tree-sitter/web-tree-sitter.wasm" with { type: "file" };

/**
 * Parsing holds the event loop, so source that is made to take long is given up. The limit is a number of tree-sitter's
 * progress calls, since a limit of time would refuse more on a busy host. 1 KiB of usual Python needs 5 to 9 of them, so
 * that the largest module that is read has room. This many take about half a second.
 */
const MAX_PROGRESS_CALLS = 10_000;

/**
 * Where nearly every word is a mistake, and in thousands of comments behind a block, few calls take long. So the thread's
 * own processor time counts too, milliseconds, of which usual Python takes a tenth.
 */
const MAX_MS = 250;
const MAX_MS_PER_KIB = 12;

export type PythonParser = {
  /** Undefined when the source takes too long to parse. The caller must delete the tree. */
  parse(source: string): Tree | undefined;
};

/**
 * tree-sitter's Python grammar. It is loaded once for each process, in about 30 ms.
 *
 * Lezer's grammar is smaller, but reports errors in one of 13 valid files (`with … as (a, b)`, `42.`, a bare `yield`).
 * tree-sitter's does so in one of 4,000.
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
  const before = process.threadCpuUsage();
  const maxMs = MAX_MS + (source.length / KiB) * MAX_MS_PER_KIB;
  let calls = 0;
  const progressCallback = () => {
    calls += 1;
    return calls > MAX_PROGRESS_CALLS || process.threadCpuUsage(before).user / 1_000 > maxMs;
  };
  const tree = parser.parse(source, undefined, { progressCallback });
  if (tree === null) parser.reset();
  return tree ?? undefined;
}
