import { expect, test } from "bun:test";
import { readdir, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

import { seccompPath } from "../../../src/docker/seccomp/file.ts";
import { scratchDirectory } from "../../fixtures/archives/scratch.ts";

test("a profile that is there is not written again, which a full disk would refuse", async () => {
  await using scratch = await scratchDirectory();
  const path = (await seccompPath("runner", scratch.path())) ?? "";
  const { ino } = await stat(path);
  expect(await seccompPath("runner", scratch.path())).toBe(path);
  expect((await stat(path)).ino).toBe(ino);
  // As a crash of the host may leave it.
  await writeFile(path, "");
  await seccompPath("runner", scratch.path());
  expect(JSON.parse(await Bun.file(path).text())).toHaveProperty("syscalls");
});

test("of profiles the newest alone stays, and nobody else's file goes", async () => {
  await using scratch = await scratchDirectory();
  for (const name of ["seccomp-0123.json", "runner.json"]) await writeFile(join(scratch.path(), name), "{}");
  const path = (await seccompPath("runner", scratch.path())) ?? "";
  expect((await readdir(scratch.path())).sort()).toEqual(["runner.json", basename(path)]);
  expect(await seccompPath("engine", scratch.path())).toBeUndefined();
});
