import { open, rename } from "node:fs/promises";
import { dirname } from "node:path";

/** Temporary file, fsync, rename, fsync of the directory: after a crash there is the old text or the new one. */
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

/** For `catch`: a file that is not there is undefined, any other error goes on. */
export function undefinedIfMissing(error: unknown): undefined {
  if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
}
