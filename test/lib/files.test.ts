import { expect, test } from "bun:test";
import { mkdir, readFile, readdir, stat, symlink } from "node:fs/promises";
import { join, relative } from "node:path";

import { syncTree, undefinedIfMissing, writeDurably } from "../../src/lib/files.ts";
import { scratchDirectory } from "../fixtures/archives/scratch.ts";
import { writeTree } from "../helpers/tree.ts";

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

test("a directory is synced after all that is in it, and no link is followed", async () => {
  await using scratch = await scratchDirectory();
  const root = scratch.path("tree");
  await writeTree(root, { "a/b/deep.py": "1", "top.py": "2" });
  await symlink("/nowhere", join(root, "link"));
  const synced: string[] = [];
  await syncTree(root, async (path) => void synced.push(relative(root, path)));
  expect([...synced].sort()).toEqual(["", "a", "a/b", "a/b/deep.py", "top.py"]);
  expect(synced.indexOf("a/b/deep.py")).toBeLessThan(synced.indexOf("a/b"));
  expect(synced.at(-1)).toBe("");
  await syncTree(root);
});
