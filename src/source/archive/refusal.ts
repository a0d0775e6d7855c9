import { RunnerError } from "../../errors.ts";

const SHOWN_NAME_CHARS = 200;

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

/** The archive breaks its format, so nobody can say what it holds. */
export function corrupt(reason: CorruptReason, message: string, entry?: string): RunnerError {
  return new RunnerError("ARCHIVE_CORRUPT", message, { details: { reason, ...shown(entry) } });
}

/** The archive is well formed but asks for something no agent needs and a host must not do. */
export function unsafe(reason: UnsafeReason, message: string, entry?: string): RunnerError {
  return new RunnerError("ARCHIVE_UNSAFE", message, { details: { reason, ...shown(entry) } });
}

/** `max` is the limit's value in its own unit (bytes, entries, components, times, milliseconds). */
export function tooLarge(limit: LimitName, max: number, options: { message: string; entry?: string }) {
  return new RunnerError("ARCHIVE_TOO_LARGE", options.message, {
    details: { reason: "too_large", limit, max, ...shown(options.entry) },
  });
}

/** Framing and tar parser see different archives, so a third program would see yet another. */
export function disagreement(entry?: string): RunnerError {
  return corrupt("parser_disagreement", "the archive can be read in more than one way", entry);
}

/**
 * A stranger's name made fit for a log line, a terminal and a reply: control, bidirectional, zero-width
 * and unassigned characters are written as `\u{…}`, and at most 200 characters are kept.
 */
export function escapeName(name: string): string {
  let out = "";
  for (const character of name) {
    const escaped = /[\p{C}\p{Zl}\p{Zp}]/u.test(character)
      ? `\\u{${character.codePointAt(0)?.toString(16)}}`
      : character;
    if (out.length + escaped.length > SHOWN_NAME_CHARS) return `${out.slice(0, SHOWN_NAME_CHARS - 1)}…`;
    out += escaped;
  }
  return out;
}

/** A byte count for a sentence: exact, with the round unit beside it when there is one. */
export function formatBytes(bytes: number): string {
  const mebibytes = bytes / (1024 * 1024);
  return Number.isInteger(mebibytes) && mebibytes > 0 ? `${mebibytes} MiB` : `${bytes} bytes`;
}

function shown(entry: string | undefined): { entry?: string } {
  return entry === undefined ? {} : { entry: escapeName(entry) };
}
