import { open, rename } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Writes a file so that after a crash it holds the old text or the new one: temporary file, fsync, rename, fsync of the
 * directory.
 */
export async function writeDurably(path: string, text: string): Promise<void> {
  const temporary = `${path}.${Bun.randomUUIDv7()}.tmp`;
  const file = await open(temporary, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const directory = await open(dirname(path), "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** For `catch`: turns the error of a missing file into undefined, and throws any other. */
export function undefinedIfMissing(error: unknown): undefined {
  if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
}
