import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

import { undefinedIfMissing } from "../../lib/files.ts";

/** `stat` counts blocks of so many bytes, whatever the file system's own are. */
const BLOCK = 512;

/** What a file or a directory takes on its disk, bytes. What goes away meanwhile counts as nothing. */
export async function bytesOf(path: string): Promise<number> {
  const facts = await lstat(path).catch(undefinedIfMissing);
  if (facts === undefined) return 0;
  const own = facts.blocks * BLOCK;
  if (!facts.isDirectory()) return own;
  const inside = await Promise.all((await namesIn(path)).map((name) => bytesOf(join(path, name))));
  return inside.reduce((sum, bytes) => sum + bytes, own);
}

/** None where there is no such directory. */
export async function namesIn(directory: string): Promise<string[]> {
  return (await readdir(directory).catch(undefinedIfMissing)) ?? [];
}
