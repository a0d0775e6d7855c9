import { constants } from "node:fs";
import { lstat, open } from "node:fs/promises";
import { join, posix } from "node:path";

import { MiB } from "../lib/bytes.ts";
import { decodeText } from "../lib/decode-text.ts";
import { dependencyError } from "../lib/dependency-error.ts";

/** Cap on one dependency file, bytes: the lock files of the largest known projects stay below 5 MB. */
const MAX_TEXT_BYTES = 16 * MiB;
/** Not through a link, and without waiting for a writer where the file is a FIFO. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** A file of an upload, or why it was not read. */
export type TreeFile =
  | { kind: "file"; bytes: Uint8Array }
  | { kind: "too-large"; size: number }
  | { kind: "absent" }
  | { kind: "link" }
  /** A directory, a FIFO, a socket or a device. */
  | { kind: "other" };

/** The files of an upload by relative path. A link is never followed, wherever in the path it is. */
export type SourceTree = {
  has(path: string): Promise<boolean>;
  hasDirectory(path: string): Promise<boolean>;
  read(path: string, maxBytes: number): Promise<TreeFile>;
  /**
   * A dependency file, in the encoding of its byte order mark, else in UTF-8. Undefined where there is no such file, or a link.
   * @throws RunnerError BUILD_FAILED when it has more than 16 MiB
   */
  text(path: string): Promise<string | undefined>;
  /** The directories that a pattern of shell wildcards names. */
  directories(pattern: string): Promise<string[]>;
};

export function openTree(root: string): SourceTree {
  return {
    has: async (path) => (await statOf(root, path)).isFile,
    hasDirectory: async (path) => (await statOf(root, path)).isDirectory,
    read: async (path, maxBytes) => await readTreeFile(root, path, maxBytes),
    text: async (path) => {
      const found = await readTreeFile(root, path, MAX_TEXT_BYTES);
      if (found.kind === "too-large") throw tooLarge(path, found.size);
      return found.kind === "file" ? decodeText(found.bytes) : undefined;
    },
    directories: async (pattern) => await directoriesOf(root, pattern),
  };
}

/** `path` inside the tree, normalised; undefined when it leaves it. */
export function insideTree(path: string): string | undefined {
  const normal = posix.normalize(path.replaceAll("\\", "/"));
  if (normal === ".." || normal.startsWith("../") || posix.isAbsolute(normal)) return undefined;
  return normal.replace(/\/$/, "");
}

async function readTreeFile(root: string, path: string, maxBytes: number): Promise<TreeFile> {
  const found = await statOf(root, path);
  if (found.isLink) return { kind: "link" };
  if (!found.exists) return { kind: "absent" };
  if (!found.isFile) return { kind: "other" };
  const file = await open(join(root, path), OPEN_FLAGS);
  try {
    const { size } = await file.stat();
    if (size > maxBytes) return { kind: "too-large", size };
    // A file that grows while it is read stays within the limit: the buffer has the size that was measured.
    const buffer = new Uint8Array(size);
    const { bytesRead } = await file.read(buffer, 0, size, 0);
    return { kind: "file", bytes: buffer.subarray(0, bytesRead) };
  } finally {
    await file.close();
  }
}

async function directoriesOf(root: string, pattern: string): Promise<string[]> {
  const found: string[] = [];
  const glob = new Bun.Glob(pattern);
  for await (const path of glob.scan({ cwd: root, onlyFiles: false, followSymlinks: false })) {
    if ((await statOf(root, path)).isDirectory) found.push(path);
  }
  return found.sort();
}

type Found = { exists: boolean; isFile: boolean; isDirectory: boolean; isLink: boolean };

const ABSENT: Found = { exists: false, isFile: false, isDirectory: false, isLink: false };

/** Each part of the path is looked at, since a link may stand in place of any directory. */
async function statOf(root: string, path: string): Promise<Found> {
  const normal = insideTree(path);
  if (normal === undefined) return ABSENT;
  const parts = normal === "." ? [] : normal.split("/");
  let stats = await lstat(root);
  for (let depth = 1; depth <= parts.length; depth++) {
    if (!stats.isDirectory()) return ABSENT;
    const next = await lstat(join(root, ...parts.slice(0, depth))).catch(() => undefined);
    if (next === undefined) return ABSENT;
    if (next.isSymbolicLink()) return { ...ABSENT, isLink: true };
    stats = next;
  }
  return { exists: true, isFile: stats.isFile(), isDirectory: stats.isDirectory(), isLink: false };
}

function tooLarge(path: string, size: number) {
  return dependencyError(
    "too_large",
    `${path} is ${size} bytes; a dependency file may have ${MAX_TEXT_BYTES}.`,
    `Make ${path} smaller.`,
  );
}
