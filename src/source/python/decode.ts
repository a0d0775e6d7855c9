import type { Position } from "./facts.ts";

/** PEP 263: a comment in the first two lines, before any code. */
const CODING = /^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)/u;
const KNOWN_ENCODINGS = ["gbk", "big5", "shift_jis", "euc-jp", "euc-kr", "utf-16"] as const;
const BLANK_OR_COMMENT = /^[ \t\f]*(?:#.*)?$/u;

export type Decoded = { source: string } | { problem: string; at: Position };

/**
 * The text of a module as Python reads it: UTF-8 unless a coding comment says otherwise, without a byte order
 * mark, lines ended by `\n`. An encoding but the most usual is read as Latin-1, in which every name that
 * detection looks for keeps its bytes.
 */
export function decodeModule(bytes: Uint8Array): Decoded {
  const nul = bytes.indexOf(0);
  if (nul !== -1) return { problem: "source code cannot contain null bytes", at: positionAt(bytes, nul) };
  const encoding = declaredEncoding(bytes);
  if (encoding !== undefined) return { source: newlines(decodeAs(encoding, bytes)) };
  try {
    return { source: newlines(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) };
  } catch {
    const at = positionAt(bytes, firstInvalid(bytes));
    return { problem: "the file is not UTF-8 and names no other encoding", at };
  }
}

function declaredEncoding(bytes: Uint8Array): string | undefined {
  const lines = new TextDecoder("latin1").decode(bytes.subarray(0, 1024)).split(/\r\n|[\r\n]/u, 2);
  for (const line of lines) {
    const match = CODING.exec(line);
    const name = match?.[1]?.toLowerCase().replaceAll("_", "-");
    if (name !== undefined) return /^utf-?8(?:-|$)/u.test(name) ? undefined : name;
    if (!BLANK_OR_COMMENT.test(line.replace(/^\u00ef\u00bb\u00bf/u, ""))) return undefined;
  }
  return undefined;
}

/** Of the others, only those that write ASCII as ASCII matter, and all such read well enough as Latin-1. */
function decodeAs(encoding: string, bytes: Uint8Array): string {
  const label = KNOWN_ENCODINGS.find((known) => known === encoding) ?? "latin1";
  return new TextDecoder(label).decode(bytes);
}

function newlines(source: string): string {
  return source.includes("\r") ? source.replaceAll(/\r\n?/gu, "\n") : source;
}

/** The start of the longest valid beginning's end, found by halving. */
function firstInvalid(bytes: Uint8Array): number {
  let valid = 0;
  let invalid = bytes.length;
  while (invalid - valid > 1) {
    const middle = Math.floor((valid + invalid) / 2);
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, middle), { stream: true });
      valid = middle;
    } catch {
      invalid = middle;
    }
  }
  return Math.max(0, invalid - 1);
}

function positionAt(bytes: Uint8Array, offset: number): Position {
  const before = new TextDecoder("utf-8").decode(bytes.subarray(0, offset)).split(/\r\n|[\r\n]/u);
  return { line: before.length, column: Array.from(before.at(-1) ?? "").length + 1 };
}
