import { expect, test } from "bun:test";
import { mkdir, readFile, readdir, stat } from "node:fs/promises";

import { undefinedIfMissing, writeDurably } from "../../src/lib/files.ts";
import { scratchDirectory } from "../fixtures/archives/scratch.ts";

test("a file is replaced as a whole, is its owner's alone, and nothing else is left", async () => {
  await using scratch = await scratchDirectory();
  const path = scratch.path("record.json");
  await writeDurably(path, "a longer text");
  await writeDurably(path, "short");
  expect(await readFile(path, "utf8")).toBe("short");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(scratch.path())).toEqual(["record.json"]);
});

test("a write that fails leaves no temporary file", async () => {
  await using scratch = await scratchDirectory();
  await mkdir(scratch.path("taken"));
  await expect(writeDurably(scratch.path("taken"), "text")).rejects.toThrow();
  expect(await readdir(scratch.path())).toEqual(["taken"]);
});

test("a missing file is undefined, and any other error goes on", async () => {
  await using scratch = await scratchDirectory();
  expect(await readFile(scratch.path("none"), "utf8").catch(undefinedIfMissing)).toBeUndefined();
  await expect(readFile(scratch.path(), "utf8").catch(undefinedIfMissing)).rejects.toThrow("EISDIR");
});
