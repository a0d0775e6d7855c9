import { expect, test } from "bun:test";

import { digestTree } from "../../src/upload/tree-digest.ts";
import type { TreeEntry } from "../../src/upload/tree-digest.ts";

const file = (path: string, sha256: string, executable = false): TreeEntry => ({
  kind: "file",
  path,
  sha256,
  executable,
});
const TREE: TreeEntry[] = [
  file("main.py", "aa"),
  file("d/x", "bb"),
  { kind: "link", path: "l", target: "main.py" },
];

test("the order, and entries for directories that are not empty, do not change the digest", () => {
  const directories: TreeEntry[] = [{ kind: "directory", path: "d" }];
  expect(digestTree(TREE.toReversed())).toBe(digestTree(TREE));
  expect(digestTree([...directories, ...TREE])).toBe(digestTree(TREE));
});

test("content, name, executable bit, link target and an empty directory each change it", () => {
  const changed: TreeEntry[][] = [
    [file("main.py", "ab"), ...TREE.slice(1)],
    [file("main2.py", "aa"), ...TREE.slice(1)],
    [file("main.py", "aa", true), ...TREE.slice(1)],
    [...TREE.slice(0, 2), { kind: "link", path: "l", target: "d/x" }],
    [...TREE, { kind: "directory", path: "e" }],
    TREE.slice(1),
  ];
  const digests = new Set([TREE, ...changed].map(digestTree));
  expect(digests.size).toBe(changed.length + 1);
});
