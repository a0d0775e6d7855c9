import { CryptoHasher } from "bun";

/** One entry of a source tree. Paths are relative to its root, with `/`. */
export type TreeEntry =
  | { kind: "file"; path: string; executable: boolean; sha256: string }
  | { kind: "link"; path: string; target: string }
  | { kind: "directory"; path: string };

/**
 * The identity of a source tree: SHA-256 in hex over what ends up in the image, sorted by path. Two archives
 * of the same files have the same digest whatever wrote them, in whatever order, with or without entries for
 * directories; times, owners and the rest of the mode do not count. Empty directories do.
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

/** NUL ends every field: none can hold one, so no two trees write the same text. */
function line(entry: TreeEntry): string {
  if (entry.kind === "file") {
    return `file\0${entry.path}\0${entry.executable ? "x" : "-"}\0${entry.sha256}\0`;
  }
  return `${entry.kind}\0${entry.path}\0${entry.kind === "link" ? entry.target : ""}\0`;
}
