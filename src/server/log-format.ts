import { splitLine } from "../agents/log-lines.ts";
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
