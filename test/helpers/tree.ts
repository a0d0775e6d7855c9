import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export type Files = Record<string, string | Uint8Array>;

/** Writes files by relative path, with the directories they need. */
export async function writeTree(root: string, files: Files): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

/** A directory with these files, which is removed when it is disposed of. */
export async function temporaryTree(files: Files = {}): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), "oken-test-"));
  await writeTree(path, files);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** The text of all files below `root` by relative path. */
export async function readTree(root: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for await (const path of new Bun.Glob("**/*").scan({ cwd: root, dot: true }))
    files[path] = await readFile(join(root, path), "utf8");
  return files;
}
