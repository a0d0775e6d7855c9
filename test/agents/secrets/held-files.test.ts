import { expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";

import { createHeldFiles } from "../../../src/agents/secrets/held-files.ts";
import { scratchDirectory } from "../../fixtures/archives/scratch.ts";

test("a file is written for the first who works with it, and removed after the last", async () => {
  await using scratch = await scratchDirectory();
  const path = `${scratch.path()}-held`;
  const held = createHeldFiles();
  let written = 0;
  const write = () => writeFile(path, `${(written += 1)}`);
  const read = () => readFile(path, "utf8").catch(() => "gone");
  const slow = Promise.withResolvers<void>();
  const first = held.during(path, { write, work: () => slow.promise.then(read) });
  expect(await held.during(path, { write, work: read })).toBe("1");
  slow.resolve();
  expect(await first).toBe("1");
  expect(await read()).toBe("gone");
  expect(await held.during(path, { write, work: read })).toBe("2");
});

test("who comes while a file is being removed has it written anew, and a failure is nobody else's", async () => {
  await using scratch = await scratchDirectory();
  const path = `${scratch.path()}-held`;
  const held = createHeldFiles();
  const work = () => readFile(path, "utf8");
  const before = held.during(path, { write: () => writeFile(path, "old"), work });
  const after = before.then(() => held.during(path, { write: () => writeFile(path, "new"), work }));
  expect(await Promise.all([before, after])).toEqual(["old", "new"]);
  const failed = held.during(path, { write: () => Promise.reject(new Error("full")), work });
  expect(await failed.catch(String)).toBe("Error: full");
  expect(await held.during(path, { write: () => writeFile(path, "more"), work })).toBe("more");
});
