import { lstat, readFile } from "node:fs/promises";
import { join, posix } from "node:path";

import { dependencyError } from "../lib/dependency-error.ts";

/** Cap on one dependency file, bytes: the lock files of the largest known projects stay below 5 MB. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;

/** Reads the upload's files by relative path. A link, at any level, is as good as absent: it is never followed. */
export type SourceTree = {
  has(path: string): Promise<boolean>;
  hasDirectory(path: string): Promise<boolean>;
  /** Undefined when there is no such regular file. Throws for one above 16 MiB. */
  text(path: string): Promise<string | undefined>;
  /** Directories that a pattern of shell wildcards names, one level at a time. */
  directories(pattern: string): Promise<string[]>;
};

export function openTree(root: string): SourceTree {
  return {
    has: async (path) => (await kindOf(root, path))?.isFile() ?? false,
    hasDirectory: async (path) => (await kindOf(root, path))?.isDirectory() ?? false,
    text: async (path) => {
      const stats = await kindOf(root, path);
      if (!stats?.isFile()) return undefined;
      if (stats.size > MAX_FILE_BYTES) {
        throw dependencyError(
          "too_large",
          `${path} is ${stats.size} bytes; a dependency file may have ${MAX_FILE_BYTES}.`,
          `Make ${path} smaller.`,
        );
      }
      return (await readFile(join(root, path), "utf8")).replace(/^\uFEFF/, "");
    },
    directories: async (pattern) => {
      const found: string[] = [];
      for await (const entry of new Bun.Glob(pattern).scan({
        cwd: root,
        onlyFiles: false,
        followSymlinks: false,
      })) {
        if ((await kindOf(root, entry))?.isDirectory()) found.push(entry);
      }
      return found.sort();
    },
  };
}

/** `path` inside the tree, normalised; undefined when it leaves it. */
export function insideTree(path: string): string | undefined {
  const normal = posix.normalize(path.replaceAll("\\", "/"));
  if (normal === ".." || normal.startsWith("../") || posix.isAbsolute(normal)) return undefined;
  return normal.replace(/\/$/, "");
}

async function kindOf(root: string, path: string) {
  const normal = insideTree(path);
  if (normal === undefined) return undefined;
  const parts = normal === "." ? [] : normal.split("/");
  let stats = await lstat(root);
  for (let depth = 1; depth <= parts.length; depth++) {
    if (!stats.isDirectory()) return undefined;
    const next = await lstat(join(root, ...parts.slice(0, depth))).catch(() => undefined);
    if (next === undefined || next.isSymbolicLink()) return undefined;
    stats = next;
  }
  return stats;
}
