import { KiB, MiB } from "../../lib/bytes.ts";

/** What one archive may cost the host. Where the format allows, a limit is checked before its cost arises. */
export type ArchiveLimits = {
  /** Compressed bytes. */
  maxUploadBytes: number;
  /** The bytes of all files. A hard link counts as the file that it names. */
  maxUnpackedBytes: number;
  /** Bytes of one file. */
  maxFileBytes: number;
  /** Entries in the archive. As many directories may be implied by their paths. */
  maxEntries: number;
  /** The UTF-8 bytes and the components of one path. */
  path: { maxBytes: number; maxDepth: number };
  /** Bytes of the extended headers of one entry (PAX, GNU long names). */
  maxHeaderBytes: number;
  /** Unpacked bytes for each compressed one, once there are more than `afterBytes` of them. */
  ratio: { max: number; afterBytes: number };
  /** Milliseconds of one extraction. */
  timeoutMs: number;
};

export const DEFAULT_ARCHIVE_LIMITS: ArchiveLimits = {
  maxUploadBytes: 50 * MiB,
  maxUnpackedBytes: 250 * MiB,
  maxFileBytes: 100 * MiB,
  maxEntries: 20_000,
  path: { maxBytes: 1024, maxDepth: 64 },
  maxHeaderBytes: 64 * KiB,
  // DEFLATE reaches 1030:1 at most. Source text compresses by 3:1 to 20:1.
  ratio: { max: 200, afterBytes: 10 * MiB },
  timeoutMs: 60_000,
};

/** The bytes of one component of a path, as Linux allows (NAME_MAX). */
export const MAX_COMPONENT_BYTES = 255;
