import type { LogFormat, LogLine } from "../model/api-logs.ts";

/** Longest line of an answer, bytes. The Platform cuts off longer ones. */
const MAX_LINE_BYTES = 64 * 1024;

/** Characters of one piece. Each takes at most three bytes as text, and six when JSON escapes it. */
const PIECE = { text: 20_000, json: 10_000 };

/** A line of a log in the format that was asked for. A long line becomes several. */
export function formatLine(line: LogLine, format: LogFormat): string[] {
  const write = format === "text" ? ({ message }: LogLine) => message : JSON.stringify;
  const whole = write(line);
  if (Buffer.byteLength(whole) <= MAX_LINE_BYTES) return [whole];
  return Array.from(splitLine(line, PIECE[format]), (piece) => write(piece));
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
