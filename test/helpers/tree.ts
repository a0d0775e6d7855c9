import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

export type Files = Record<string, string | Uint8Array>;

/** Writes files by relative path, with the directories they need. */
export async function writeTree(root: string, files: Files): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}
