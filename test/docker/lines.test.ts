import { expect, test } from "bun:test";

import { splitLines } from "../../src/docker/lines.ts";

async function* chunks(...parts: string[]) {
  yield* parts;
}

test("lines are put together from chunks, without their ends", async () => {
  expect(await Array.fromAsync(splitLines(chunks("a\nb", "c\r\n", "\nlast")))).toEqual([
    "a",
    "bc",
    "",
    "last",
  ]);
});

test("a line without an end is cut, so that it cannot fill the memory", async () => {
  expect(await Array.fromAsync(splitLines(chunks("abcdefg", "hij\nk"), 4))).toEqual([
    "abcd",
    "efgh",
    "ij",
    "k",
  ]);
});
