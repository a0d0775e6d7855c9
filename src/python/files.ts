import { constants } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";

/** As many entries and levels as an archive may have; a tree made otherwise is read this far. */
const MAX_ENTRIES = 20_000;
const MAX_DEPTH = 64;
/** A larger module is data in Python's clothes; reading it would only cost time. */
export const MAX_MODULE_BYTES = 1024 * 1024;
/** Never the agent's own code, and often most of the tree. */
const SKIPPED = new Set([".git", ".venv", "venv", "node_modules", "__pycache__", "site-packages"]);

/** POSIX paths below the tree's root. Links are in none of the sets: detection never follows one. */
export type Inventory = {
  /** Files named `*.py`. */
  modules: ReadonlySet<string>;
  otherFiles: ReadonlySet<string>;
  /** `""` is the root. */
  directories: ReadonlySet<string>;
  links: ReadonlySet<string>;
};

export async function listTree(tree: string): Promise<Inventory> {
  const modules = new Set<string>();
  const otherFiles = new Set<string>();
  const directories = new Set<string>([""]);
  const links = new Set<string>();
  const queue = [{ path: "", depth: 0 }];
  let entries = 0;
  for (let next = queue.shift(); next !== undefined && entries < MAX_ENTRIES; next = queue.shift()) {
    for (const entry of await readdir(join(tree, next.path), { withFileTypes: true })) {
      entries += 1;
      const path = next.path === "" ? entry.name : `${next.path}/${entry.name}`;
      if (entry.isSymbolicLink()) links.add(path);
      else if (entry.isFile()) (path.endsWith(".py") ? modules : otherFiles).add(path);
      else if (entry.isDirectory() && !SKIPPED.has(entry.name) && next.depth < MAX_DEPTH) {
        directories.add(path);
        queue.push({ path, depth: next.depth + 1 });
      }
    }
  }
  return { modules, otherFiles, directories, links };
}

/** Undefined when the file is larger than {@link MAX_MODULE_BYTES}. A link in its place is an error. */
export async function readModuleBytes(tree: string, path: string): Promise<Uint8Array | undefined> {
  const file = await open(join(tree, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size } = await file.stat();
    if (size > MAX_MODULE_BYTES) return undefined;
    // A file that grows while it is read stays within the limit: the buffer was measured before.
    const buffer = new Uint8Array(size);
    const { bytesRead } = await file.read(buffer, 0, size, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
