import { parsePax } from "./pax.ts";
import { corrupt, formatBytes, tooLarge, unsafe } from "./refusal.ts";
import type { ArchiveLimits } from "./limits.ts";

export const BLOCK_BYTES = 512;

/** Where tar keeps the fields that decide how the archive is cut up (POSIX ustar). */
const SIZE_FIELD = { at: 124, length: 12 };
const CHECKSUM_FIELD = { at: 148, length: 8 };
const TYPEFLAG_AT = 156;
/** Mode, owner, group, time, device: not used, but Python stops reading an archive where one is not a number. */
const OTHER_NUMBERS = [
  { at: 100, length: 8 },
  { at: 108, length: 8 },
  { at: 116, length: 8 },
  { at: 136, length: 12 },
  { at: 329, length: 8 },
  { at: 337, length: 8 },
];
const NAME_FIELD = { at: 0, length: 100 };
const MAGIC_FIELD = { at: 257, length: 5 };
/** `ustar` and then NUL is POSIX, `ustar` and then a space is GNU, which keeps times where POSIX keeps a prefix. */
const AFTER_MAGIC_AT = 262;
const PREFIX_AT = 345;

const FILE_TYPES = new Set(["0", "\0", "7"]);
const LINK_TYPES = new Set(["1", "2"]);
const SPECIAL_TYPES: Record<string, string> = { "3": "character device", "4": "block device", "6": "FIFO" };
const EXTENDED_TYPES = new Set(["x", "g", "L", "K"]);
/** Sparse files, multi-volume parts and dump directories: tar programs disagree about them. */
const UNSUPPORTED_PAX_KEY = /^GNU\.(sparse|volume|dumpdir)/;

/** One entry as the framing sees it, `headerAt` in bytes from the archive's start. */
export type FramedEntry = { typeflag: string; headerAt: number; size: number };

export type Framing = {
  /** Checks the next whole blocks and returns the entries whose headers are among them. */
  scan(blocks: Buffer): FramedEntry[];
  /** Call after the last block: refuses an archive that stops in the middle of something. */
  end(): void;
};

type Extended = { type: string; size: number; remaining: number; pieces: Buffer[] };
type Pending = { seen: Set<string>; pax: Map<string, string>; longName: string | undefined; bytes: number };

/**
 * Walks the archive block by block, ahead of the tar parser, and refuses what tar programs read in
 * different ways: a wrong checksum, a size that is not a number, malformed or repeated extended headers, a
 * body where none belongs, data behind the end. What passes has one meaning, so a second reader of the same
 * archive cannot be shown other files (CVE-2025-62518, CVE-2026-53655).
 *
 * tar-stream, which reads the entries, forgives all of these; it is then held to this view of the archive.
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
    if (zeroBlocks > 0) throw corrupt("trailing_data", "there is data behind the end of the tar archive");
    verifyChecksum(block);
    if (!OTHER_NUMBERS.every((field) => isNumber(block, field))) {
      throw corrupt(
        "bad_header",
        "a header of the tar archive has text where a number belongs",
        nameOf(block),
      );
    }

    if (block[PREFIX_AT] !== 0 && !hasPrefix(block)) {
      throw corrupt("bad_header", "a header of the tar archive has a name prefix its format does not know");
    }
    const typeflag = String.fromCharCode(block[TYPEFLAG_AT] ?? 0);
    const size = parseSize(block, limits);
    if (EXTENDED_TYPES.has(typeflag)) {
      extended = openExtended(typeflag, size);
      return undefined;
    }

    const entry = { typeflag, headerAt: offset, size: paxSize(pending.pax, limits) ?? size };
    assertEntry(entry, nameOf(block), limits);
    if (pending.seen.has("repeated")) {
      throw corrupt(
        "bad_extended_header",
        "an entry has two extended headers of the same kind",
        nameOf(block),
      );
    }
    bodyRemaining = roundUp(entry.size);
    pending = noPending();
    return entry;
  }

  function nameOf(block: Buffer): string {
    return pending.pax.get("path") ?? pending.longName ?? text(block, NAME_FIELD);
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
        throw corrupt("truncated", "the tar archive ends behind an extended header, before its entry");
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
    if (size > 0) throw unsafe("link_forbidden", "the archive holds a link that brings content", name);
  } else if (typeflag === "5") {
    if (size > 0)
      throw corrupt("body_not_allowed", "the archive holds a directory that brings content", name);
  } else if (!FILE_TYPES.has(typeflag)) {
    const message = `the archive holds an entry of type ${JSON.stringify(typeflag)}; files, directories and links are read`;
    throw unsafe("unsupported_entry", message, name);
  } else if (size > limits.maxFileBytes) {
    const message = `a file of the archive has ${size} bytes; at most ${formatBytes(limits.maxFileBytes)} are allowed`;
    throw tooLarge("file", limits.maxFileBytes, { message, entry: name });
  }
}

/** The sum is unsigned by POSIX; some historic writers summed signed bytes, which tar-stream does not know. */
function verifyChecksum(block: Buffer): void {
  const { at, length } = CHECKSUM_FIELD;
  const stored = parseOctal(block, CHECKSUM_FIELD);
  let unsigned = length * 0x20;
  let highBytes = 0;
  for (let i = 0; i < BLOCK_BYTES; i += 1) {
    if (i >= at && i < at + length) continue;
    const byte = block[i] ?? 0;
    unsigned += byte;
    if (byte >= 0x80) highBytes += 1;
  }
  if (stored === unsigned) return;
  if (stored !== unsigned - highBytes * 256) {
    throw corrupt("bad_checksum", "a header of the tar archive has a wrong checksum");
  }
  block.write(`${unsigned.toString(8).padStart(6, "0")}\0 `, at, "latin1");
}

function parseSize(block: Buffer, limits: ArchiveLimits): number {
  const first = block[SIZE_FIELD.at] ?? 0;
  if ((first & 0x80) === 0) {
    const size = parseOctal(block, SIZE_FIELD);
    if (size === undefined) throw corrupt("bad_size", "a size in the tar archive is not an octal number");
    return size;
  }
  // GNU base-256: 0x80 leads a positive number, 0xff a negative one.
  if (first !== 0x80) throw corrupt("bad_size", "a size in the tar archive is negative or out of range");
  let size = 0;
  for (let i = 1; i < SIZE_FIELD.length; i += 1) size = size * 256 + (block[SIZE_FIELD.at + i] ?? 0);
  return assertSafeSize(size, limits);
}

function paxSize(pax: Map<string, string>, limits: ArchiveLimits): number | undefined {
  const size = pax.get("size");
  if (size === undefined) return undefined;
  if (!/^\d+$/.test(size)) throw corrupt("bad_size", "a size in the tar archive is not a decimal number");
  return assertSafeSize(Number(size), limits);
}

function assertSafeSize(size: number, limits: ArchiveLimits): number {
  if (Number.isSafeInteger(size)) return size;
  throw tooLarge("file", limits.maxFileBytes, {
    message: "the archive declares a file of more than 2^53 bytes",
  });
}

function parseOctal(block: Buffer, { at, length }: { at: number; length: number }): number | undefined {
  const match = /^ *([0-7]*)[ \0]*$/.exec(block.toString("latin1", at, at + length));
  return match === null ? undefined : Number.parseInt(match[1] || "0", 8);
}

function isNumber(block: Buffer, { at, length }: { at: number; length: number }): boolean {
  const first = block[at] ?? 0;
  return first === 0x80 || first === 0xff || /^ *[0-7]* *$/.test(text(block, { at, length }));
}

/** Others read the field by the magic or always (Python), so that the same entry has two names. */
function hasPrefix(block: Buffer): boolean {
  return text(block, MAGIC_FIELD) === "ustar" && block[AFTER_MAGIC_AT] === 0;
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

/** `git archive` writes one with a comment; one that renames or resizes what follows is read differently everywhere. */
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
  const name = body.toString("utf8").replace(/\0+$/, "");
  if (name === "" || name.includes("\0")) {
    throw corrupt("bad_name", "a GNU long name is empty or holds a NUL", name);
  }
  return name;
}

function namedTwice() {
  return corrupt("bad_extended_header", "an entry has both a PAX and a GNU long name");
}

function text(block: Buffer, { at, length }: { at: number; length: number }): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end === -1 ? length : end);
}

function isZero(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

function roundUp(size: number): number {
  return Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
}
