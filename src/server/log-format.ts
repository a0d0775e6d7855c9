import type { LogFormat, LogLine } from "../model/api-logs.ts";

/** Longest line that is answered, bytes: readers of the Platform cut off what is longer. */
const MAX_LINE_BYTES = 64 * 1024;

/** Characters of a message that stay below it whatever they are: three bytes each as text, six escaped in JSON. */
const PIECE = { text: 20_000, json: 10_000 };

/** A line of a log as its reader asked for it; a long one as several. */
export function formatLine(line: LogLine, format: LogFormat): string[] {
  const write = format === "text" ? ({ message }: LogLine) => message : JSON.stringify;
  const whole = write(line);
  if (Buffer.byteLength(whole) <= MAX_LINE_BYTES) return [whole];
  return Array.from(splitLine(line, PIECE[format]), (piece) => write(piece));
}

/** A line in pieces of at most `size` characters, all but the first marked; no character is cut in two. */
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
