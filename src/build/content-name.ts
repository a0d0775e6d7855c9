import { type Hash, createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";

/** Hex digits of a digest in a context's name: 128 bits. */
const DIGEST_LENGTH = 32;

/**
 * A directory name made of the content of `files`. BuildKit takes contexts of the same base name for the same directory,
 * and compares their files by size and time only (moby/buildkit#2592): no name may stand for two contents.
 */
export function contentName(prefix: string, files: Readonly<Record<string, string>>): string {
  const hash = createHash("sha256");
  for (const name of Object.keys(files).sort()) hash.update(frame("file", name, files[name] ?? ""));
  return `${prefix}-${hash.digest("hex").slice(0, DIGEST_LENGTH)}`;
}

/** The same for a directory: paths, modes, link targets and every byte, but no times. */
export async function treeName(prefix: string, root: string): Promise<string> {
  const hash = createHash("sha256");
  await addDirectory(hash, root, "");
  return `${prefix}-${hash.digest("hex").slice(0, DIGEST_LENGTH)}`;
}

/** A short name for a text. */
export function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** SHA-256 of a file's bytes, hex. */
export async function fileDigest(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}

async function addDirectory(hash: Hash, root: string, path: string): Promise<void> {
  const names = (await readdir(join(root, path))).sort();
  for (const name of names) {
    const relative = path === "" ? name : `${path}/${name}`;
    const stats = await lstat(join(root, relative));
    const mode = (stats.mode & 0o7777).toString(8);
    if (stats.isDirectory()) {
      hash.update(frame("dir", relative, mode));
      await addDirectory(hash, root, relative);
    } else if (stats.isSymbolicLink()) {
      hash.update(frame("link", relative, await readlink(join(root, relative))));
    } else if (stats.isFile()) {
      hash.update(frame("mode", relative, mode));
      hash.update(`${stats.size}\n`);
      for await (const chunk of createReadStream(join(root, relative))) hash.update(chunk);
    }
  }
}

/** Each part follows its length, so that different lists of parts never give the same text. */
function frame(...parts: string[]): string {
  return parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join("");
}
