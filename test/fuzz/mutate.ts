import { gzipSync } from "node:zlib";

import { BLOCK } from "../fixtures/archives/tar-bytes.ts";

/** A whole number from 0 to below the bound. */
export type Random = (bound: number) => number;

/** The fields of a header that are changed: name, mode, size, type, link, magic, prefix. */
const FIELDS = [
  { at: 0, length: 100 },
  { at: 100, length: 8 },
  { at: 124, length: 12 },
  { at: 156, length: 1 },
  { at: 157, length: 100 },
  { at: 257, length: 8 },
  { at: 345, length: 155 },
];
const TYPES = "0125xgLK37\u00004ASMVDNX6";
const TEXTS = [
  "../",
  "/",
  "..",
  "./",
  "\0",
  "a/b",
  "\\",
  "oken.toml",
  "\u202e",
  ".wh.",
  "C:",
  "99999999999",
  "-1",
  "path=",
  "size=",
];

/** Makes one to four changes to the tar. Most repair the checksum, so that they are read. A few change the gzip too. */
export function mutate(tar: Buffer, random: Random): Buffer {
  let bytes: Buffer = Buffer.from(tar);
  for (let changes = 1 + random(4); changes > 0; changes -= 1) bytes = change(bytes, random);
  const packed = gzipSync(bytes, { level: 1 });
  return random(20) === 0 ? flip(packed, random) : packed;
}

function change(bytes: Buffer, random: Random): Buffer {
  const blocks = Math.max(1, Math.floor(bytes.length / BLOCK));
  const at = random(blocks) * BLOCK;
  switch (random(8)) {
    case 0:
      return flip(bytes, random);
    case 1:
      return bytes.subarray(0, random(bytes.length + 1));
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + BLOCK)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + BLOCK), bytes.subarray(at)]);
    case 4:
      return Buffer.concat([bytes.subarray(at), bytes.subarray(0, at)]);
    default:
      return changeHeader(bytes, at, random);
  }
}

function changeHeader(bytes: Buffer, at: number, random: Random): Buffer {
  const block = bytes.subarray(at, at + BLOCK);
  if (block.length < BLOCK) return bytes;
  const field = FIELDS[random(FIELDS.length)] ?? { at: 0, length: 100 };
  const value = block.subarray(field.at, field.at + field.length);
  if (field.length === 1) value.write(TYPES[random(TYPES.length)] ?? "0", "latin1");
  else if (random(2) === 0) value.write(TEXTS[random(TEXTS.length)] ?? "", random(field.length));
  else value[random(field.length)] = random(256);
  if (random(10) > 0) repairChecksum(block);
  return bytes;
}

function repairChecksum(block: Buffer): void {
  block.fill(" ", 148, 156);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
}

function flip(bytes: Buffer, random: Random): Buffer {
  const copy = Buffer.from(bytes);
  if (copy.length > 0) copy[random(copy.length)] = random(256);
  return copy;
}
