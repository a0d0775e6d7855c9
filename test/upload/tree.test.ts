import { expect, test } from "bun:test";
import { symlink } from "node:fs/promises";
import { join } from "node:path";

import { insideTree, openTree } from "../../src/upload/tree.ts";
import { temporaryTree } from "../helpers/tree.ts";

const FILES = { "a.txt": "\uFEFFone", "lib/b.txt": "two", "lib/deep/c.txt": "three" };

async function openFiles() {
  const files = await temporaryTree(FILES);
  return { ...files, root: files.path, tree: openTree(files.path) };
}

test("a file is read up to the size that is allowed", async () => {
  await using files = await openFiles();
  expect(await files.tree.read("lib/b.txt", 3)).toEqual({ kind: "file", bytes: Buffer.from("two") });
  expect(await files.tree.read("lib/b.txt", 2)).toEqual({ kind: "too-large", size: 3 });
});

test("a text has no byte order mark", async () => {
  await using files = await openFiles();
  expect(await files.tree.text("a.txt")).toBe("one");
});

test("a link is not followed, as a file or as a directory on the way", async () => {
  await using files = await openFiles();
  await symlink("a.txt", join(files.root, "file-link"));
  await symlink("lib", join(files.root, "directory-link"));
  for (const path of ["file-link", "directory-link/b.txt"]) {
    expect(await files.tree.read(path, 100)).toEqual({ kind: "link" });
    expect(await files.tree.text(path)).toBeUndefined();
    expect(await files.tree.has(path)).toBe(false);
  }
  expect(await files.tree.hasDirectory("directory-link")).toBe(false);
  expect(await files.tree.directories("*")).toEqual(["lib"]);
});

test("a FIFO, a directory and a missing file are told apart", async () => {
  await using files = await openFiles();
  expect(Bun.spawnSync(["mkfifo", join(files.root, "pipe")]).exitCode).toBe(0);
  expect(await files.tree.read("pipe", 100)).toEqual({ kind: "other" });
  expect(await files.tree.read("lib", 100)).toEqual({ kind: "other" });
  expect(await files.tree.read("absent", 100)).toEqual({ kind: "absent" });
});

test("nothing outside the tree is seen", async () => {
  await using files = await openFiles();
  for (const path of ["../x", "/etc/passwd", "lib/../../x"]) {
    expect(await files.tree.read(path, 100)).toEqual({ kind: "absent" });
  }
  expect(insideTree("lib/./deep/../b.txt")).toBe("lib/b.txt");
  expect(insideTree("lib\\..\\..\\x")).toBeUndefined();
});
