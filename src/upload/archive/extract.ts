import { chmod, lstat, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";

import { messageOf, RunnerError } from "../../lib/errors.ts";
import { asDiskFull } from "../disk-floor.ts";
import { digestTree } from "../tree-digest.ts";
import { assertLinkStays } from "./layout.ts";
import { corrupt, tooLarge, unsafe } from "./refusal.ts";
import { createTreeWriter } from "./tree-writer.ts";
import { unpack } from "./unpack.ts";
import type { Budget } from "../budget.ts";
import type { DiskFloor } from "../disk-floor.ts";
import type { TreeEntry } from "../tree-digest.ts";
import type { ArchiveLimits } from "./limits.ts";

// The policy is our own; only tar-stream, which reads entries, is a library. Those that unpack by themselves (`tar`,
// `Bun.Archive`) repair or skip what is refused here, have no limits like ours, and follow links that are in place.

/** Errors of tar-stream about the archive. Framing refuses such archives before, as far as it is known. */
const TAR_STREAM_ERRORS = /^(Invalid (tar )?header|Header exceeds max size|Unexpected end of data)/;
const READABLE_DIRECTORY_MODE = 0o755;

export type ExtractOptions = {
  archivePath: string;
  /** A path at which nothing exists, in a directory that does. */
  destination: string;
  limits: ArchiveLimits;
  signal?: AbortSignal;
  /** Asked before and during the extraction. */
  diskFloor?: DiskFloor;
  /** Holds the tree's bytes while they are being written. */
  budget?: Budget;
};

export type ExtractedTree = {
  files: number;
  /** Sum of the files' sizes. */
  bytes: number;
  /** The identity of the tree, see {@link digestTree}. */
  digest: string;
  /** How many files that macOS adds were left out: `._*`, `.DS_Store`, `__MACOSX`. */
  skipped: number;
};

/**
 * Unpacks the gzipped tar at `archivePath` in one streaming pass. The tree is written to a private directory, which is
 * renamed to `destination` once the archive is verified to its end, and removed on any error. If one directory holds the
 * whole archive and has `oken.toml` in it, its content becomes the tree.
 *
 * @throws RunnerError ARCHIVE_NOT_GZIP, ARCHIVE_CORRUPT, ARCHIVE_UNSAFE, ARCHIVE_TOO_LARGE, ARCHIVE_EMPTY, DISK_FULL,
 *   OVERLOADED; the signal's reason
 */
export async function extractArchive(options: ExtractOptions): Promise<ExtractedTree> {
  const { archivePath, destination, limits, diskFloor, budget } = options;
  await assertAbsent(destination);
  await diskFloor?.assertRoomFor(0);

  const timeout = AbortSignal.timeout(limits.timeoutMs);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
  const staging = await mkdtemp(`${destination}.partial-`);
  const writer = createTreeWriter(staging);
  using share = budget?.open();
  try {
    const unpacked = await unpack({ archivePath, writer, limits, signal, diskFloor, share });
    if (unpacked.files === 0) {
      throw new RunnerError("ARCHIVE_EMPTY", "the tarball holds no files", { details: { reason: "empty" } });
    }
    const root = unpacked.layout.wrapper();
    for (const link of unpacked.links) {
      assertLinkStays(link, unpacked.layout, root);
      await writer.symbolicLink(link.target, link.path);
    }
    signal.throwIfAborted();
    await chmod(join(staging, root), READABLE_DIRECTORY_MODE);
    await rename(join(staging, root), destination);
    const { files, bytes, skipped } = unpacked;
    return { files, bytes, skipped, digest: digestTree(below(root, unpacked.entries)) };
  } catch (error) {
    // A write that is under way could make a file again in the directory that is being removed.
    await writer.settle().catch(() => {});
    if (timeout.aborted && !options.signal?.aborted) throw timedOut(limits);
    throw translate(error);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function assertAbsent(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found !== undefined) throw new Error(`extraction target ${path} exists`);
}

/** The entries relative to the wrapping directory. */
function below(root: string, entries: readonly TreeEntry[]): TreeEntry[] {
  if (root === "") return [...entries];
  const inside: TreeEntry[] = [];
  for (const entry of entries) {
    if (entry.path !== root) inside.push({ ...entry, path: entry.path.slice(root.length + 1) });
  }
  return inside;
}

function timedOut(limits: ArchiveLimits): RunnerError {
  const message = `the archive was not unpacked within ${limits.timeoutMs / 1000} s`;
  return tooLarge("time", limits.timeoutMs, { message });
}

function translate(error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const message = messageOf(error);
  // The layout has no two entries of one name, so the file system takes two names for one. Some ignore case.
  if (code === "EEXIST") return unsafe("conflict", "two names in the archive are one name on this disk");
  if (code === "Z_BUF_ERROR") return corrupt("truncated", "the gzip data end too early");
  if (code.startsWith("Z_")) return corrupt("bad_gzip", `the gzip data are damaged: ${message}`);
  if (error instanceof Error && TAR_STREAM_ERRORS.test(error.message)) {
    return corrupt("bad_header", `the data inside the gzip are not a tar archive: ${error.message}`);
  }
  return asDiskFull(error);
}
