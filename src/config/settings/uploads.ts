import { GiB, KiB, MiB } from "../../lib/bytes.ts";
import { parseNumber, parseSize } from "../parsers.ts";
import { type Setting, setting } from "../setting.ts";

/** How much may be uploaded. */
export const UPLOAD_SETTINGS = {
  maxUploadBytes: setting({
    env: "OKEN_MAX_UPLOAD_BYTES",
    group: "Uploads",
    help: "largest tarball, compressed",
    default: 50 * MiB,
    shown: "50m",
    parse: parseSize({ min: KiB }),
  }),
  maxUnpackedBytes: setting({
    env: "OKEN_MAX_UNPACKED_BYTES",
    group: "Uploads",
    help: "largest tarball, unpacked",
    default: 250 * MiB,
    shown: "250m",
    parse: parseSize({ min: KiB }),
  }),
  maxFileBytes: setting({
    env: "OKEN_MAX_FILE_BYTES",
    group: "Uploads",
    help: "largest file in a tarball",
    default: 100 * MiB,
    shown: "100m",
    parse: parseSize({ min: KiB }),
  }),
  maxStagingBytes: setting({
    env: "OKEN_MAX_STAGING_BYTES",
    group: "Uploads",
    help: "most bytes that all uploads under way may hold on disk together",
    default: GiB,
    shown: "1g",
    parse: parseSize({ min: KiB }),
  }),
  maxEntries: setting({
    env: "OKEN_MAX_ENTRIES",
    group: "Uploads",
    help: "most files and directories in a tarball",
    default: 20_000,
    parse: parseNumber({ min: 1, max: 10_000_000, whole: true }),
  }),
} satisfies Record<string, Setting>;
