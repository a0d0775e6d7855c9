import { expect, test } from "bun:test";

import { allDone } from "../../src/lib/all-done.ts";

test("gives all results", async () => {
  expect(await allDone([Promise.resolve(1), Promise.resolve("two")])).toEqual([1, "two"]);
});

test("throws a failure only when the others have ended", async () => {
  const slow = Promise.withResolvers<void>();
  const ended: string[] = [];
  const failing = allDone([Promise.reject(new Error("no")), slow.promise.then(() => ended.push("slow"))]);
  const watched = failing.catch((error: unknown) => ended.push(String(error)));
  slow.resolve();
  await watched;
  expect(ended).toEqual(["slow", "Error: no"]);
});
