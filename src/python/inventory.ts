import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** As many entries and levels as an archive may have. No more of a tree is read. */
const MAX_ENTRIES = 20_000;
const MAX_DEPTH = 64;
/** These hold no code of the agent's own, but often most of the files. */
const SKIPPED = new Set([".git", ".venv", "venv", "node_modules", "__pycache__", "site-packages"]);

/** The paths of a tree, relative to its root. A link is in `links` alone: it is never followed. */
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
