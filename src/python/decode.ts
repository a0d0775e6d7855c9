import type { Position } from "./facts.ts";

/** A coding comment, in the first two lines and before any code (PEP 263). */
const CODING = /^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)/u;
const KNOWN_ENCODINGS = ["gbk", "big5", "shift_jis", "euc-jp", "euc-kr"] as const;
const BLANK_OR_COMMENT = /^[ \t\f]*(?:#.*)?$/u;

export type Decoded = { source: string } | { problem: string; at: Position };

/**
 * The text of a module as Python reads it: in UTF-8 or as a coding comment says, without a byte order mark, with `\n` at
 * the end of each line. Rare encodings are read as Latin-1, which is enough for names in ASCII.
 */
export function decodeModule(bytes: Uint8Array): Decoded {
  const nul = bytes.indexOf(0);
  if (nul !== -1) {
    const at = endOf(new TextDecoder().decode(bytes.subarray(0, nul)));
    return { problem: "source code cannot contain null bytes", at };
  }
  const encoding = declaredEncoding(bytes);
  if (encoding !== undefined) return { source: newlines(decodeAs(encoding, bytes)) };
  try {
    return { source: newlines(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) };
  } catch {
    return { problem: "the file is not UTF-8 and names no other encoding", at: endOf(validBeginning(bytes)) };
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

/** Nearly every encoding writes ASCII as ASCII. Names in it are right in Latin-1 too. */
function decodeAs(encoding: string, bytes: Uint8Array): string {
  const label = KNOWN_ENCODINGS.find((known) => known === encoding) ?? "latin1";
  return new TextDecoder(label).decode(bytes);
}

function newlines(source: string): string {
  return source.includes("\r") ? source.replaceAll(/\r\n?/gu, "\n") : source;
}

/** The text before the first invalid byte, found by bisection. */
function validBeginning(bytes: Uint8Array): string {
  let text = "";
  let valid = 0;
  let invalid = bytes.length + 1;
  while (invalid - valid > 1) {
    const middle = Math.floor((valid + invalid) / 2);
    try {
      // With `stream`, a character that is cut off at the end is no error.
      text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, middle), { stream: true });
      valid = middle;
    } catch {
      invalid = middle;
    }
  }
  return text;
}

function endOf(text: string): Position {
  const lines = text.split(/\r\n|[\r\n]/u);
  return { line: lines.length, column: Array.from(lines.at(-1) ?? "").length + 1 };
}
