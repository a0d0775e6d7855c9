import { heapStats } from "bun:jsc";
import { expect, test } from "bun:test";

import { endedBy } from "../../src/lib/wait-at-most.ts";

test("work is over when its signal aborts, or has aborted before", async () => {
  const forever = new Promise<void>(() => undefined);
  const leaving = new AbortController();
  const waiting = endedBy(leaving.signal, forever);
  leaving.abort();
  await waiting;
  await endedBy(leaving.signal, forever);
});

test("work that fails is told", async () => {
  await expect(endedBy(new AbortController().signal, Promise.reject(new Error("no")))).rejects.toThrow("no");
});

test("a signal that lasts holds nothing of what was waited for", async () => {
  const { signal } = new AbortController();
  await endedBy(signal, Promise.resolve());
  Bun.gc(true);
  const before = heapStats().objectCount;
  for (let wait = 0; wait < 5_000; wait += 1) await endedBy(signal, Promise.resolve());
  Bun.gc(true);
  expect(heapStats().objectCount - before).toBeLessThan(2_000);
});
