import { expect, test } from "bun:test";

import { createResolvedLists, isCachedResolution } from "../../src/build/resolved-lists.ts";
import type { MadeList } from "../../src/build/prepare.ts";

const list = (text: string): MadeList => ({ lock: { file: "requirements.lock", text }, wheels: {} });

/** Counts how often a list is read from the build. */
function reader(text: string) {
  const reads = { count: 0, read: async () => (reads.count++, list(text)) };
  return reads;
}

test("a build that finds its resolution done takes the list that is known", async () => {
  const lists = createResolvedLists();
  const first = reader("six==1");
  const second = reader("six==2");
  expect(await lists.get("k", { cached: false, read: first.read })).toEqual(list("six==1"));
  expect(await lists.get("k", { cached: true, read: second.read })).toEqual(list("six==1"));
  expect([first.count, second.count]).toEqual([1, 0]);
});

test("a build that resolved anew reads its own list, which is the known one from then on", async () => {
  const lists = createResolvedLists();
  await lists.get("k", { cached: false, read: reader("six==1").read });
  expect(await lists.get("k", { cached: false, read: reader("six==2").read })).toEqual(list("six==2"));
  expect(await lists.get("k", { cached: true, read: reader("six==3").read })).toEqual(list("six==2"));
});

test("a list that could not be read is read again", async () => {
  const lists = createResolvedLists();
  const failing = lists.get("k", { cached: false, read: () => Promise.reject(new Error("no")) });
  await expect(failing).rejects.toThrow("no");
  expect(await lists.get("k", { cached: true, read: reader("six==1").read })).toEqual(list("six==1"));
});

const step = (name: string, status: "cached" | "done") => ({ type: "step", name, status }) as const;

test("the step that resolves is told from the others", () => {
  expect(isCachedResolution(step("[resolve 2/2] RUN --mount=type=bind uv lock", "cached"))).toBe(true);
  expect(isCachedResolution(step("[resolve 2/2] RUN --mount=type=bind uv lock", "done"))).toBe(false);
  expect(isCachedResolution(step("[deps 2/3] RUN uv sync", "cached"))).toBe(false);
});
