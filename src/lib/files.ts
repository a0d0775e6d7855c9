import type { Dirent } from "node:fs";
import { open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * Writes a file so that after a crash it holds the old text or the new one: temporary file, fsync, rename, fsync of the
 * directory. `onWritten` is called before the rename.
 */
export async function writeDurably(
  path: string,
  text: string,
  onWritten?: () => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${Bun.randomUUIDv7()}.tmp`;
  try {
    await writeSynced(temporary, text);
    await onWritten?.();
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncPath(dirname(path));
}

/** Has a file's content, or the names in a directory, on the disk. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Files that are synced at the same time: a disk does several at the cost of one. */
const SYNCED_AT_ONCE = 8;

/** Has all of a directory on the disk: first the files, then the names of what is in each directory. */
export async function syncTree(root: string, sync = syncPath): Promise<void> {
  const entries = await readdir(root, { withFileTypes: true, recursive: true });
  const paths = (wanted: (entry: Dirent) => boolean) =>
    entries.filter(wanted).map((entry) => join(entry.parentPath, entry.name));
  const files = paths((entry) => entry.isFile()).values();
  const syncNext = async () => {
    for (const path of files) await sync(path);
  };
  await Promise.all(Array.from({ length: SYNCED_AT_ONCE }, syncNext));
  // Listed from the top down.
  const directories = paths((entry) => entry.isDirectory()).toSorted();
  for (const path of [...directories.toReversed(), root]) await sync(path);
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** For `catch`: turns the error of a missing file into undefined, and throws any other. */
export function undefinedIfMissing(error: unknown): undefined {
  if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
}
