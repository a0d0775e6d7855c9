import { chmod, copyFile, mkdir, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** One time for all files: BuildKit need not send a file again whose size and time it knows. */
const FILE_TIME = new Date("2020-01-01T00:00:00Z");

/** Writes `texts` and copies `sources`. All may read them, whatever the umask: BuildKit compares modes, too. */
export async function writeFiles(
  directory: string,
  texts: Readonly<Record<string, string>>,
  sources: Record<string, string> = {},
): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o755 });
  for (const [path, text] of Object.entries(texts)) {
    await place(join(directory, path), (file) => writeFile(file, text));
  }
  for (const [path, source] of Object.entries(sources)) {
    await place(join(directory, path), (file) => copyFile(source, file));
  }
}

/** For `catch`: another may have made the same directory first. */
export function unlessThere(error: unknown): void {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
}

async function place(file: string, write: (file: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o755 });
  await write(file);
  await chmod(file, 0o644);
  await utimes(file, FILE_TIME, FILE_TIME);
}
