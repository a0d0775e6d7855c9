import { corrupt, tooLarge } from "./refusal.ts";
import type { ArchiveLimits } from "./limits.ts";

export const BLOCK_BYTES = 512;

/** The fields of a header that divide the archive into entries (POSIX ustar). */
const SIZE_FIELD = { at: 124, length: 12 };
const CHECKSUM_FIELD = { at: 148, length: 8 };
const TYPEFLAG_AT = 156;
/** Mode, owner, group, time and device. They are not used, but Python stops at one that is not a number. */
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
/** After `ustar`, a NUL means POSIX and a space means GNU. GNU has times where POSIX has a prefix of the name. */
const AFTER_MAGIC_AT = 262;
const PREFIX_AT = 345;

/**
 * Refuses a header that tar programs read in different ways: with a wrong checksum, with text where a number belongs, or
 * with a name prefix in a format that has none.
 *
 * @throws RunnerError ARCHIVE_CORRUPT
 */
export function assertHeaderBlock(block: Buffer): void {
  verifyChecksum(block);
  if (!OTHER_NUMBERS.every((field) => isNumber(block, field))) {
    throw corrupt("bad_header", "a header of the tar archive has text where a number belongs", nameOf(block));
  }
  if (block[PREFIX_AT] !== 0 && !hasPrefix(block)) {
    const message = "a header of the tar archive has a name prefix that its format does not have";
    throw corrupt("bad_header", message, nameOf(block));
  }
}

export function typeflagOf(block: Buffer): string {
  return String.fromCharCode(block[TYPEFLAG_AT] ?? 0);
}

/** The name field, for messages. */
export function nameOf(block: Buffer): string {
  return text(block, NAME_FIELD);
}

/** Two such blocks end an archive. */
export function isZero(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

/** POSIX sums unsigned bytes. Some old writers summed signed ones, which is corrected here for tar-stream. */
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

/** The size field: octal digits, or GNU's base-256. */
export function sizeOf(block: Buffer, limits: ArchiveLimits): number {
  const first = block[SIZE_FIELD.at] ?? 0;
  if ((first & 0x80) === 0) {
    const size = parseOctal(block, SIZE_FIELD);
    if (size === undefined) throw corrupt("bad_size", "a size in the tar archive is not an octal number");
    return size;
  }
  // In GNU's base-256, 0x80 begins a positive number and 0xff a negative one.
  if (first !== 0x80) throw corrupt("bad_size", "a size in the tar archive is negative or out of range");
  let size = 0;
  for (let i = 1; i < SIZE_FIELD.length; i += 1) size = size * 256 + (block[SIZE_FIELD.at + i] ?? 0);
  return assertSafeSize(size, limits);
}

/** The size that a PAX header gives, if any. */
export function paxSize(pax: Map<string, string>, limits: ArchiveLimits): number | undefined {
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

/** Some programs read the field in other formats too (Python), and see another name. */
function hasPrefix(block: Buffer): boolean {
  return text(block, MAGIC_FIELD) === "ustar" && block[AFTER_MAGIC_AT] === 0;
}

function text(block: Buffer, { at, length }: { at: number; length: number }): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end === -1 ? length : end);
}
