import { formatBytes } from "../../lib/bytes.ts";
import {
  assertHeaderBlock,
  BLOCK_BYTES,
  isZero,
  nameOf,
  paxSize,
  sizeOf,
  typeflagOf,
} from "./header-block.ts";
import { parsePax } from "./pax.ts";
import type { ArchiveLimits } from "./limits.ts";
import { corrupt, tooLarge, unsafe } from "./refusal.ts";

const FILE_TYPES = new Set(["0", "\0", "7"]);
const LINK_TYPES = new Set(["1", "2"]);
const SPECIAL_TYPES: Record<string, string> = { "3": "character device", "4": "block device", "6": "FIFO" };
const EXTENDED_TYPES = new Set(["x", "g", "L", "K"]);
/** Keys of sparse files, multi-volume parts and dump directories, which tar programs read in different ways. */
const UNSUPPORTED_PAX_KEY = /^GNU\.(sparse|volume|dumpdir)/;

/** An entry. `headerAt` is the place of its header, in bytes from the archive's start. */
export type FramedEntry = { typeflag: string; headerAt: number; size: number };

export type Framing = {
  /** Checks the next whole blocks. Returns the entries whose headers are among them. */
  scan(blocks: Buffer): FramedEntry[];
  /** To be called after the last block. Refuses an archive that ends too early. */
  end(): void;
};

type Extended = { type: string; size: number; remaining: number; pieces: Buffer[] };
type Pending = { seen: Set<string>; pax: Map<string, string>; longName: string | undefined; bytes: number };

/**
 * Refuses what tar programs read in different ways: a wrong checksum, a size that is not a number, malformed or repeated
 * extended headers, content where none belongs, data after the end. An archive that passes holds the same files for every
 * reader (CVE-2025-62518, CVE-2026-53655).
 *
 * It sees each block before tar-stream does, which accepts all of these. The two must then agree on the entries.
 */
export function createFraming(limits: ArchiveLimits): Framing {
  let offset = 0;
  let bodyRemaining = 0;
  let zeroBlocks = 0;
  let extended: Extended | undefined;
  let pending = noPending();

  function header(block: Buffer): FramedEntry | undefined {
    if (isZero(block)) {
      zeroBlocks += 1;
      return undefined;
    }
    if (zeroBlocks > 0) throw corrupt("trailing_data", "there is data after the end of the tar archive");
    assertHeaderBlock(block);
    const typeflag = typeflagOf(block);
    const size = sizeOf(block, limits);
    if (EXTENDED_TYPES.has(typeflag)) {
      extended = openExtended(typeflag, size);
      return undefined;
    }

    const entry = { typeflag, headerAt: offset, size: paxSize(pending.pax, limits) ?? size };
    assertEntry(entry, entryName(block), limits);
    if (pending.seen.has("repeated")) {
      throw corrupt(
        "bad_extended_header",
        "an entry has two extended headers of the same kind",
        entryName(block),
      );
    }
    bodyRemaining = roundUp(entry.size);
    pending = noPending();
    return entry;
  }

  function entryName(block: Buffer): string {
    return pending.pax.get("path") ?? pending.longName ?? nameOf(block);
  }

  function openExtended(type: string, size: number): Extended | undefined {
    pending.bytes += BLOCK_BYTES + roundUp(size);
    if (pending.bytes > limits.maxHeaderBytes) {
      const message = `an entry has more than ${formatBytes(limits.maxHeaderBytes)} of extended headers`;
      throw tooLarge("meta", limits.maxHeaderBytes, { message });
    }
    if (pending.seen.has(type)) pending.seen.add("repeated");
    pending.seen.add(type);
    if (size > 0) return { type, size, remaining: roundUp(size), pieces: [] };
    if (type === "L" || type === "K") throw corrupt("bad_extended_header", "a GNU long name is empty");
    return undefined;
  }

  function closeExtended({ type, size, pieces }: Extended): void {
    const body = Buffer.concat(pieces).subarray(0, size);
    if (type === "g") return assertHarmlessGlobals(parsePax(body));
    if (type === "x") pending.pax = parseEntryPax(body);
    else if (type === "L") pending.longName = longName(body);
    else longName(body);
    if (pending.longName !== undefined && pending.pax.has("path")) throw namedTwice();
    if (pending.seen.has("K") && pending.pax.has("linkpath")) throw namedTwice();
  }

  return {
    scan(blocks) {
      const entries: FramedEntry[] = [];
      for (let at = 0; at < blocks.length;) {
        let length = BLOCK_BYTES;
        if (bodyRemaining > 0) {
          length = Math.min(bodyRemaining, blocks.length - at);
          bodyRemaining -= length;
        } else if (extended !== undefined) {
          length = Math.min(extended.remaining, blocks.length - at);
          extended.remaining -= length;
          extended.pieces.push(Buffer.from(blocks.subarray(at, at + length)));
          if (extended.remaining === 0) {
            const complete = extended;
            extended = undefined;
            closeExtended(complete);
          }
        } else {
          const entry = header(blocks.subarray(at, at + BLOCK_BYTES));
          if (entry !== undefined) entries.push(entry);
        }
        at += length;
        offset += length;
      }
      return entries;
    },
    end() {
      if (bodyRemaining > 0 || extended !== undefined) {
        throw corrupt("truncated", "the tar archive ends in the middle of an entry");
      }
      const dangling = [...pending.seen].filter((type) => type !== "g");
      if (dangling.length > 0) {
        throw corrupt("truncated", "the tar archive ends after an extended header, before its entry");
      }
    },
  };
}

function noPending(): Pending {
  return { seen: new Set(), pax: new Map(), longName: undefined, bytes: 0 };
}

function assertEntry({ typeflag, size }: FramedEntry, name: string, limits: ArchiveLimits): void {
  const special = SPECIAL_TYPES[typeflag];
  if (special !== undefined) throw unsafe("special_file", `the archive holds a ${special}`, name);
  if (LINK_TYPES.has(typeflag)) {
    if (size > 0) throw unsafe("link_forbidden", "the archive holds a link with content", name);
  } else if (typeflag === "5") {
    if (size > 0) throw corrupt("body_not_allowed", "the archive holds a directory with content", name);
  } else if (!FILE_TYPES.has(typeflag)) {
    const message = `the archive holds an entry of type ${JSON.stringify(typeflag)}; only files, directories and links are allowed`;
    throw unsafe("unsupported_entry", message, name);
  } else if (size > limits.maxFileBytes) {
    const message = `a file of the archive has ${size} bytes; at most ${formatBytes(limits.maxFileBytes)} are allowed`;
    throw tooLarge("file", limits.maxFileBytes, { message, entry: name });
  }
}

function parseEntryPax(body: Buffer): Map<string, string> {
  const pax = parsePax(body);
  for (const key of ["path", "linkpath"]) {
    const value = pax.get(key);
    if (value === "" || value?.includes("\0")) {
      throw corrupt("bad_name", `an extended header has a "${key}" that is empty or holds a NUL`, value);
    }
  }
  for (const key of pax.keys()) if (UNSUPPORTED_PAX_KEY.test(key)) throw unsupportedKey(key, pax);
  return pax;
}

/** `git archive` writes a global header with a comment. Tar programs disagree on one with names or sizes. */
function assertHarmlessGlobals(pax: Map<string, string>): void {
  for (const key of pax.keys()) {
    if (["path", "linkpath", "size"].includes(key) || UNSUPPORTED_PAX_KEY.test(key))
      throw unsupportedKey(key, pax);
  }
}

function unsupportedKey(key: string, pax: Map<string, string>) {
  const message = `the archive uses the extended header "${escapeKey(key)}", which is not supported`;
  return unsafe("unsupported_entry", message, pax.get("path") ?? key);
}

function escapeKey(key: string): string {
  return key.slice(0, 40).replaceAll(/[^\w.]/g, "?");
}

function longName(body: Buffer): string {
  let end = body.length;
  while (end > 0 && body[end - 1] === 0) end -= 1;
  const name = body.toString("utf8", 0, end);
  if (name === "" || name.includes("\0")) {
    throw corrupt("bad_name", "a GNU long name is empty or holds a NUL", name);
  }
  return name;
}

function namedTwice() {
  return corrupt("bad_extended_header", "an entry has both a PAX and a GNU long name");
}

function roundUp(size: number): number {
  return Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
}
