import { RunnerError } from "../../lib/errors.ts";
import { escapeName } from "../../lib/text.ts";

export type LimitName =
  "compressed" | "total" | "file" | "entries" | "depth" | "path" | "meta" | "ratio" | "time";

export type UnsafeReason =
  "unsafe_path" | "link_forbidden" | "special_file" | "unsupported_entry" | "duplicate" | "conflict";

export type CorruptReason =
  | "truncated"
  | "bad_gzip"
  | "trailing_data"
  | "bad_header"
  | "bad_checksum"
  | "bad_size"
  | "bad_extended_header"
  | "bad_name"
  | "body_not_allowed"
  | "parser_disagreement";

/** The archive is not well formed, so its content is not certain. */
export function corrupt(reason: CorruptReason, message: string, entry?: string): RunnerError {
  return new RunnerError("ARCHIVE_CORRUPT", message, { details: { reason, ...shown(entry) } });
}

/** The archive is well formed, but has something that no agent needs and a host must not do. */
export function unsafe(reason: UnsafeReason, message: string, entry?: string): RunnerError {
  return new RunnerError("ARCHIVE_UNSAFE", message, { details: { reason, ...shown(entry) } });
}

/** `max` is the limit in its own unit: bytes, entries, components, times or milliseconds. */
export function tooLarge(limit: LimitName, max: number, options: { message: string; entry?: string }) {
  return new RunnerError("ARCHIVE_TOO_LARGE", options.message, {
    details: { reason: "too_large", limit, max, ...shown(options.entry) },
  });
}

/** Framing and tar-stream read different entries. */
export function disagreement(entry?: string): RunnerError {
  return corrupt("parser_disagreement", "the archive can be read in more than one way", entry);
}

function shown(entry: string | undefined): { entry?: string } {
  return entry === undefined ? {} : { entry: escapeName(entry) };
}
