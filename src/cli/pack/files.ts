import { lstat, readdir, readlink } from "node:fs/promises";
import { join, relative } from "node:path";

import { type Rules, deeperRules, isIgnored, rulesOf } from "./ignored.ts";

/** Something to be packed. `path` is from the project's directory, with slashes. */
export type PackedFile = { path: string; mode: number; modified: Date } & (
  { type: "file"; bytes: number } | { type: "link"; target: string }
);

/** Whoever may run a file still may; everything else of its mode is this machine's affair. */
const PLAIN_MODE = 0o644;
const EXECUTABLE_MODE = 0o755;

/** The files of a project that a deploy sends, in the order of their paths. Sockets and devices are none. */
export async function projectFiles(directory: string): Promise<PackedFile[]> {
  const files: PackedFile[] = [];
  const walk = async (at: string, rules: Rules): Promise<void> => {
    const entries = await readdir(at, { withFileTypes: true });
    // A virtual environment, by whatever name: PEP 405.
    if (at !== directory && entries.some(({ name }) => name === "pyvenv.cfg")) return;
    for (const entry of entries) {
      const path = join(at, entry.name);
      const isDirectory = entry.isDirectory();
      if (isIgnored(rules, path, { isDirectory })) continue;
      if (isDirectory) await walk(path, await deeperRules(rules, path));
      else if (entry.isFile() || entry.isSymbolicLink()) files.push(await packedFile(directory, path));
    }
  };
  await walk(directory, await rulesOf(directory));
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function packedFile(directory: string, full: string): Promise<PackedFile> {
  const path = relative(directory, full);
  const stat = await lstat(full);
  const common = { path, modified: stat.mtime };
  if (stat.isSymbolicLink()) return { ...common, type: "link", mode: 0o777, target: await readlink(full) };
  const mode = (stat.mode & 0o100) === 0 ? PLAIN_MODE : EXECUTABLE_MODE;
  return { ...common, type: "file", mode, bytes: stat.size };
}
