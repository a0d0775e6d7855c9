import type { LogFormat, LogLine } from "../model/api-logs.ts";

/** Longest line of a followed log, bytes: with `data: ` and its line end it fits a reader's buffer of 64 KiB. */
const MAX_LINE_BYTES = 64 * 1024 - 64;

/** Characters of one piece. Each takes at most three bytes as text, and six when JSON escapes it. */
const PIECE = { text: 20_000, json: 10_000 };

/** A line of a log in the format that was asked for. */
export function formatLine(line: LogLine, format: LogFormat): string {
  return format === "text" ? line.message : JSON.stringify(line);
}

/** The same for a reader who takes lines as they come: a long one becomes several. */
export function formatPieces(line: LogLine, format: LogFormat): string[] {
  const whole = formatLine(line, format);
  if (Buffer.byteLength(whole) <= MAX_LINE_BYTES) return [whole];
  return Array.from(splitLine(line, PIECE[format]), (piece) => formatLine(piece, format));
}

/** Cuts a line into pieces of at most `size` characters. All but the first are marked as continued. */
export function* splitLine(line: LogLine, size: number): Generator<LogLine> {
  let { message } = line;
  if (message.length <= size) {
    yield line;
    return;
  }
  for (let continued = line.continued ?? false; message !== ""; continued = true) {
    const end = isLowSurrogate(message.charCodeAt(size)) ? size - 1 : size;
    yield { ...line, message: message.slice(0, end), ...(continued && { continued }) };
    message = message.slice(end);
  }
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
