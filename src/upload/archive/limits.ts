import { KiB, MiB } from "../../lib/bytes.ts";

/** What one archive may cost the host. Each is checked before the cost is paid where the format allows. */
export type ArchiveLimits = {
  /** Compressed bytes. */
  maxUploadBytes: number;
  /** Sum of all files' bytes; a hard link counts as the file it names. */
  maxUnpackedBytes: number;
  /** Bytes of one file. */
  maxFileBytes: number;
  /** Entries in the archive, and again directories it only implies. */
  maxEntries: number;
  /** UTF-8 bytes of one path after normalisation. */
  maxPathBytes: number;
  /** Components of one path. */
  maxDepth: number;
  /** Bytes of extended headers (PAX, GNU long names) in front of one entry. */
  maxHeaderBytes: number;
  /** Unpacked bytes for each compressed byte, judged once `ratioAfterBytes` are out. */
  ratio: number;
  ratioAfterBytes: number;
  /** Wall time of one extraction in milliseconds. */
  timeoutMs: number;
};

export const DEFAULT_ARCHIVE_LIMITS: ArchiveLimits = {
  maxUploadBytes: 50 * MiB,
  maxUnpackedBytes: 250 * MiB,
  maxFileBytes: 100 * MiB,
  maxEntries: 20_000,
  maxPathBytes: 1024,
  maxDepth: 64,
  maxHeaderBytes: 64 * KiB,
  // DEFLATE's ceiling is about 1030:1; source text compresses 3:1 to 20:1.
  ratio: 200,
  ratioAfterBytes: 10 * MiB,
  timeoutMs: 60_000,
};

/** Linux NAME_MAX: the bytes of one path component. */
export const MAX_COMPONENT_BYTES = 255;
