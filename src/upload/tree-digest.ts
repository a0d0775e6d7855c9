import { CryptoHasher } from "bun";

/** One entry of a source tree. Paths are relative to its root. */
export type TreeEntry =
  | { kind: "file"; path: string; executable: boolean; sha256: string }
  | { kind: "link"; path: string; target: string }
  | { kind: "directory"; path: string };

/**
 * The identity of a source tree: SHA-256 in hex of all that comes into the image, sorted by path. Times, owners, the order
 * of entries, and modes but for the executable bit do not count. Of directories, only empty ones count.
 */
export function digestTree(entries: readonly TreeEntry[]): string {
  const parents = new Set(entries.map(({ path }) => path.slice(0, Math.max(0, path.lastIndexOf("/")))));
  const lines = entries
    .filter(({ kind, path }) => kind !== "directory" || !parents.has(path))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(line);
  const hasher = new CryptoHasher("sha256");
  for (const text of lines) hasher.update(text);
  return hasher.digest("hex");
}

/** NUL ends each field. No field can contain one, so two different trees never give the same text. */
function line(entry: TreeEntry): string {
  if (entry.kind === "file") {
    return `file\0${entry.path}\0${entry.executable ? "x" : "-"}\0${entry.sha256}\0`;
  }
  return `${entry.kind}\0${entry.path}\0${entry.kind === "link" ? entry.target : ""}\0`;
}
