import { expect, test } from "bun:test";

import { SpentMemory } from "../../src/lib/spent-memory.ts";

const MiB = 1024 * 1024;

test("memory is taken back once for every 16 MiB of a body, and never for a short one", () => {
  let collections = 0;
  const spent = new SpentMemory(() => void (collections += 1));
  for (let piece = 0; piece < 15; piece += 1) spent.add(MiB);
  expect(collections).toBe(0);
  for (let piece = 15; piece < 64; piece += 1) spent.add(MiB);
  expect(collections).toBe(4);
});
