import { expect, test } from "bun:test";

import { printedLines } from "../../../src/agents/logs/printed-lines.ts";
import type { OutputLine } from "../../../src/docker/types.ts";

const frame = (msg: string, isContinued = false): OutputLine => ({
  stream: "stdout",
  text: JSON.stringify({ oken: 1, msg, ...(isContinued && { cont: true }) }),
});
const raw = (text: string): OutputLine => ({ stream: "stderr", text });

const LOG = [
  raw("raw"),
  frame("a"),
  frame("b"),
  ...Array.from({ length: 40 }, () => frame("b", true)),
  frame('c,"cont":true}'),
  raw('d,"cont":true}'),
];

test.each([
  [1, 1],
  [2, 2],
  [3, 43],
  [4, 44],
  [5, 45],
  [6, 45],
  [10_000, 45],
])("the last %d lines as printed are %d of the engine's", async (tail, count) => {
  const lines = await printedLines(async (_, most) => LOG.slice(-most))("c", tail);
  expect(lines).toEqual(LOG.slice(-count));
});

test("a log whose beginning is gone ends the search", async () => {
  const end = [frame("b", true), frame("b", true)];
  expect(await printedLines(async (_, most) => end.slice(-most))("c", 2)).toEqual(end);
});
