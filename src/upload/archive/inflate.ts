import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { Readable, pipeline } from "node:stream";
import { createGunzip } from "node:zlib";

import { formatBytes, KiB, MiB } from "../../lib/bytes.ts";
import { RunnerError } from "../../lib/errors.ts";
import { SpentMemory, collectNow } from "../../lib/spent-memory.ts";
import type { ArchiveLimits } from "./limits.ts";
import { corrupt, tooLarge } from "./refusal.ts";

/** The size of the pieces, compressed and unpacked, so that memory does not grow with the archive. */
const CHUNK_BYTES = 64 * KiB;
/** Compressed bytes without an unpacked one. Only empty blocks and endless gzip headers are that long. */
const MAX_SILENT_BYTES = MiB;
/** Bytes that an entry may have besides its file: the header, PAX records and padding. */
const FRAMING_BYTES_PER_ENTRY = 4096;

const MAGICS: readonly [name: string, offset: number, bytes: number[]][] = [
  ["a zip file", 0, [0x50, 0x4b, 0x03, 0x04]],
  ["zstd", 0, [0x28, 0xb5, 0x2f, 0xfd]],
  ["xz", 0, [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ["bzip2", 0, [0x42, 0x5a, 0x68]],
  ["lz4", 0, [0x04, 0x22, 0x4d, 0x18]],
  ["7z", 0, [0x37, 0x7a, 0xbc, 0xaf]],
  ["a tar that is not compressed", 257, [0x75, 0x73, 0x74, 0x61, 0x72]],
];
const SNIFF_BYTES = 512;

/**
 * Yields the tar inside the gzip file at `path`. Each member's CRC-32 and length are verified (RFC 1952), and only zeros may
 * follow the last one.
 *
 * @throws RunnerError ARCHIVE_NOT_GZIP, ARCHIVE_CORRUPT, ARCHIVE_TOO_LARGE (compressed, ratio, total)
 */
export async function* inflate(path: string, limits: ArchiveLimits, signal: AbortSignal) {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { size } = await file.stat();
    if (size > limits.maxUploadBytes) {
      const message = `the archive has ${size} bytes; at most ${formatBytes(limits.maxUploadBytes)} are allowed`;
      throw tooLarge("compressed", limits.maxUploadBytes, { message });
    }
    await assertGzip(file, size);

    const meter = { fed: 0, fedAtLastOutput: 0, out: 0 };
    const spent = new SpentMemory(collectNow);
    let fedBefore = 0;
    const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
    // pipeline() passes errors on in both directions. They are thrown by the loop below.
    pipeline(Readable.from(compressedChunks(file, meter, limits)), gunzip, () => {});
    const abort = () => gunzip.destroy(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    try {
      signal.throwIfAborted();
      for await (const chunk of gunzip as AsyncIterable<Buffer>) {
        meter.out += chunk.length;
        meter.fedAtLastOutput = meter.fed;
        assertWithinLimits(meter, limits);
        yield chunk;
        // The piece, and the compressed ones that it came from.
        spent.add(chunk.length + meter.fed - fedBefore);
        fedBefore = meter.fed;
      }
    } finally {
      signal.removeEventListener("abort", abort);
      gunzip.destroy();
    }
    await assertZeroTail(file, gunzip.bytesWritten, size);
  } finally {
    await file.close();
  }
}

/** Refuses a file that is not gzip, and says what it is. `head` has its first 512 bytes. */
export function assertGzipMagic(head: Uint8Array): void {
  if (head[0] === 0x1f && (head.length < 2 || head[1] === 0x8b)) return;
  const found = MAGICS.find(([, offset, bytes]) => bytes.every((byte, i) => head[offset + i] === byte));
  const what = found === undefined ? "not gzip" : `${found[0]}, not gzip`;
  throw new RunnerError(
    "ARCHIVE_NOT_GZIP",
    `the tarball is ${what}; make it with: tar -czf agent.tar.gz -C <folder> .`,
    {
      details: { reason: "not_gzip" },
    },
  );
}

async function assertGzip(file: FileHandle, size: number): Promise<void> {
  if (size === 0) throw corrupt("truncated", "the tarball is empty (0 bytes)");
  const head = Buffer.alloc(Math.min(size, SNIFF_BYTES));
  await file.read(head, 0, head.length, 0);
  assertGzipMagic(head);
}

type Meter = { fed: number; fedAtLastOutput: number; out: number };

async function* compressedChunks(file: FileHandle, meter: Meter, limits: ArchiveLimits) {
  for (let position = 0; ;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    meter.fed += bytesRead;
    if (meter.fed - meter.fedAtLastOutput > MAX_SILENT_BYTES) {
      const message = `more than ${formatBytes(MAX_SILENT_BYTES)} of the gzip data unpack to nothing`;
      throw tooLarge("ratio", limits.ratio.max, { message });
    }
    yield buffer.subarray(0, bytesRead);
  }
}

function assertWithinLimits(meter: Meter, limits: ArchiveLimits): void {
  if (meter.out > limits.ratio.afterBytes && meter.out > meter.fed * limits.ratio.max) {
    const message = `the archive unpacks to more than ${limits.ratio.max} times its compressed size`;
    throw tooLarge("ratio", limits.ratio.max, { message });
  }
  const maxTarBytes = limits.maxUnpackedBytes + limits.maxEntries * FRAMING_BYTES_PER_ENTRY;
  if (meter.out > maxTarBytes) {
    const message = `the archive unpacks to more than ${formatBytes(limits.maxUnpackedBytes)}`;
    throw tooLarge("total", limits.maxUnpackedBytes, { message });
  }
}

/** zlib stops at the first zero after a member, so the rest is checked here. */
async function assertZeroTail(file: FileHandle, from: number, size: number): Promise<void> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let position = from; position < size;) {
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, position);
    if (bytesRead === 0) return;
    if (buffer.subarray(0, bytesRead).some((byte) => byte !== 0)) {
      throw corrupt("trailing_data", "there is data after the end of the gzip stream");
    }
    position += bytesRead;
  }
}
