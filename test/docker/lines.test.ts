import { expect, test } from "bun:test";

import { splitLines, splitOutput } from "../../src/docker/lines.ts";
import type { OutputLine } from "../../src/docker/types.ts";

async function* chunks<T>(...parts: T[]) {
  yield* parts;
}

test("lines are joined from chunks, without their newlines", async () => {
  expect(await Array.fromAsync(splitLines(chunks("a\nb", "c\r\n", "\nlast")))).toEqual([
    "a",
    "bc",
    "",
    "last",
  ]);
});

test("an endless line is cut, so that it cannot fill the memory", async () => {
  expect(await Array.fromAsync(splitLines(chunks("abcdefg", "hij\nk"), 4))).toEqual([
    "abcd",
    "efgh",
    "ij",
    "k",
  ]);
});

test("lines of two outputs are not mixed when their chunks alternate", async () => {
  const output = chunks<OutputLine>(
    { stream: "stdout", text: "on" },
    { stream: "stderr", text: "err" },
    { stream: "stdout", text: "e\ntwo" },
    { stream: "stderr", text: "or\n" },
  );
  expect(await Array.fromAsync(splitOutput(output))).toEqual([
    { stream: "stdout", text: "one" },
    { stream: "stderr", text: "error" },
    { stream: "stdout", text: "two" },
  ]);
});
