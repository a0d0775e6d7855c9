import { CryptoHasher } from "bun";
import type { Extract, Header } from "tar-stream";

import { formatBytes, MiB } from "../../lib/bytes.ts";
import type { BudgetShare } from "../budget.ts";
import type { DiskFloor } from "../disk-floor.ts";
import type { TreeEntry } from "../tree-digest.ts";
import type { FramedEntry } from "./framing.ts";
import { assertLinkStays, createLayout, hardLinkTarget, type Layout } from "./layout.ts";
import type { ArchiveLimits } from "./limits.ts";
import { safeComponents } from "./path-policy.ts";
import { corrupt, disagreement, tooLarge, unsafe } from "./refusal.ts";
import { SMALL_FILE_BYTES, type TreeWriter } from "./tree-writer.ts";

const OWNER_EXECUTE = 0o100;
/** The free space is checked again after this many bytes or entries. */
const BYTES_BETWEEN_DISK_CHECKS = 16 * MiB;
const ENTRIES_BETWEEN_DISK_CHECKS = 1000;

export type PlaceOptions = {
  writer: TreeWriter;
  limits: ArchiveLimits;
  signal: AbortSignal;
  diskFloor: DiskFloor | undefined;
  share: BudgetShare | undefined;
};

export type Unpacked = {
  layout: Layout;
  entries: TreeEntry[];
  /** Symbolic links, which are made last, so that no file is written through one. */
  links: { path: string; target: string }[];
  files: number;
  bytes: number;
  skipped: number;
};

/** The tree so far, and what is needed to add to it. */
export type Placing = PlaceOptions &
  Unpacked & { written: Map<string, WrittenFile>; seen: number; uncheckedBytes: number };

type NewFile = { path: string; size: number; executable: boolean };
type WrittenFile = NewFile & { sha256: string };
export type Entry = Extract extends AsyncIterable<infer Source> ? Source : never;

export function startPlacing(options: PlaceOptions): Placing {
  const counters = { files: 0, bytes: 0, skipped: 0, seen: 0, uncheckedBytes: 0 };
  const layout = createLayout(options.limits);
  return { ...options, ...counters, layout, entries: [], links: [], written: new Map() };
}

/** Checks an entry by its header, then writes it. A symbolic link is kept for later. */
export async function placeEntry(
  entry: Entry,
  framed: FramedEntry | undefined,
  state: Placing,
): Promise<void> {
  const { header, offset } = entry;
  if (framed?.headerAt !== offset || framed.size !== header.size) throw disagreement(header.name);
  const components = safeComponents(header.name, state.limits);
  const path = components.join("/");
  countEntry(state, path);
  await checkDisk(state);

  const kind = kindOf(framed, header.name);
  if (path === "" && kind !== "directory") {
    throw unsafe("unsafe_path", `the archive has a ${kind} in place of its root`, header.name);
  }
  if (isMacLitter(components, kind)) state.skipped += 1;
  else if (kind === "directory") await makeDirectories(components, "directory", state);
  else if (kind === "link") await placeLink({ path, target: header.linkname ?? "" }, framed, state);
  else return placeFile(entry, { path, size: framed.size, executable: isExecutable(header) }, state);
  entry.resume();
}

function kindOf({ typeflag, size }: FramedEntry, name: string): "file" | "directory" | "link" {
  if (typeflag === "1" || typeflag === "2") return "link";
  if (typeflag === "5") return "directory";
  if (!name.endsWith("/")) return "file";
  // Before POSIX, a directory was a file whose name ends in a slash.
  if (size > 0) throw corrupt("body_not_allowed", "the archive holds a directory with content", name);
  return "directory";
}

function isExecutable(header: Header): boolean {
  return (header.mode & OWNER_EXECUTE) !== 0;
}

function countEntry(state: Placing, path: string): void {
  state.seen += 1;
  const max = state.limits.maxEntries;
  if (state.seen <= max) return;
  throw tooLarge("entries", max, { message: `the archive has more than ${max} entries`, entry: path });
}

async function checkDisk(state: Placing): Promise<void> {
  const due =
    state.uncheckedBytes >= BYTES_BETWEEN_DISK_CHECKS || state.seen % ENTRIES_BETWEEN_DISK_CHECKS === 0;
  if (!due) return;
  state.uncheckedBytes = 0;
  await state.diskFloor?.assertRoomFor(0);
}

function isMacLitter(components: readonly string[], kind: string): boolean {
  const name = components.at(-1) ?? "";
  return components[0] === "__MACOSX" || (kind === "file" && (name.startsWith("._") || name === ".DS_Store"));
}

async function makeDirectories(components: string[], kind: "file" | "directory" | "link", state: Placing) {
  if (components.length === 0) return;
  for (const path of state.layout.claim(components, kind)) {
    await state.writer.directory(path);
    state.entries.push({ kind: "directory", path });
  }
}

async function placeLink(
  link: { path: string; target: string },
  framed: FramedEntry,
  state: Placing,
): Promise<void> {
  if (framed.typeflag === "2") {
    assertLinkStays(link, state.layout, "");
    await makeDirectories(link.path.split("/"), "link", state);
    state.links.push(link);
    state.entries.push({ kind: "link", ...link });
    return;
  }
  const original = state.written.get(hardLinkTarget(link, state.layout));
  if (original === undefined) throw disagreement(link.path);
  claimBytes({ ...original, path: link.path }, state);
  await makeDirectories(link.path.split("/"), "file", state);
  await state.writer.hardLink(original.path, link.path);
  record({ ...original, path: link.path }, state);
}

async function placeFile(entry: Entry, file: NewFile, state: Placing): Promise<void> {
  claimBytes(file, state);
  await makeDirectories(file.path.split("/"), "file", state);
  const hasher = new CryptoHasher("sha256");
  const content = checkedContent(entry, { file, hasher, signal: state.signal });
  if (file.size <= SMALL_FILE_BYTES) {
    const pieces: Buffer[] = [];
    for await (const piece of content) pieces.push(piece);
    await state.writer.smallFile(file, Buffer.concat(pieces));
  } else {
    await state.writer.largeFile(file, content);
  }
  record({ ...file, sha256: hasher.digest("hex") }, state);
}

function record({ path, size, executable, sha256 }: WrittenFile, state: Placing): void {
  state.written.set(path, { path, size, executable, sha256 });
  state.entries.push({ kind: "file", path, executable, sha256 });
}

/** Counts the bytes that the header says, before any is read. */
function claimBytes({ path, size }: NewFile, state: Placing): void {
  const max = state.limits.maxUnpackedBytes;
  if (state.bytes + size > max) {
    const message = `the archive's files have more than ${formatBytes(max)} together`;
    throw tooLarge("total", max, { message, entry: path });
  }
  state.share?.take(size);
  state.bytes += size;
  state.uncheckedBytes += size;
  state.files += 1;
}

type Checked = { file: NewFile; hasher: CryptoHasher; signal: AbortSignal };

async function* checkedContent(entry: Entry, { file, hasher, signal }: Checked) {
  let read = 0;
  for await (const piece of entry) {
    if (!Buffer.isBuffer(piece)) throw new TypeError("the tar parser gave something that is not bytes");
    signal.throwIfAborted();
    read += piece.length;
    hasher.update(piece);
    yield piece;
  }
  if (read !== file.size) throw corrupt("truncated", "a file of the archive ends too early", file.path);
}
