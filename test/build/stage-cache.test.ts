import { expect, test } from "bun:test";

import { createStageCache } from "../../src/build/stage-cache.ts";
import type { Resolution } from "../../src/build/resolutions.ts";

const resolution = (text: string): Resolution => ({ lock: { file: "requirements.lock", text }, wheels: {} });

/** Counts how often a resolution is read from the build. */
function reader(text: string) {
  const reads = { count: 0, read: async () => (reads.count++, resolution(text)) };
  return reads;
}

test("a build that BuildKit had resolved before takes the known resolution", async () => {
  const cache = createStageCache<Resolution>();
  const first = reader("six==1");
  const second = reader("six==2");
  expect(await cache.get("k", { isCached: false, read: first.read })).toEqual(resolution("six==1"));
  expect(await cache.get("k", { isCached: true, read: second.read })).toEqual(resolution("six==1"));
  expect([first.count, second.count]).toEqual([1, 0]);
});

test("a build that resolved anew reads its own resolution, which is the known one from then on", async () => {
  const cache = createStageCache<Resolution>();
  await cache.get("k", { isCached: false, read: reader("six==1").read });
  expect(await cache.get("k", { isCached: false, read: reader("six==2").read })).toEqual(
    resolution("six==2"),
  );
  expect(await cache.get("k", { isCached: true, read: reader("six==3").read })).toEqual(resolution("six==2"));
});

test("a resolution that could not be read is read again", async () => {
  const cache = createStageCache<Resolution>();
  const failing = cache.get("k", { isCached: false, read: () => Promise.reject(new Error("no")) });
  await expect(failing).rejects.toThrow("no");
  expect(await cache.get("k", { isCached: true, read: reader("six==1").read })).toEqual(resolution("six==1"));
});
