import type { OutputLine } from "../docker/types.ts";
import type { LogLine } from "../model/api-logs.ts";

/** How each line of the runtime inside the container begins. Other lines come from other programs. */
const RUNTIME_LINE = '{"oken":';

/** A line with what the runtime noted about it: time, level, request. A line of another program has none of these. */
export function readLine({ stream, text }: OutputLine): LogLine {
  const level = stream === "stdout" ? "info" : "error";
  return readFrame(text) ?? { time: null, level, stream, request_id: null, message: text };
}

/** How a frame ends that is a further piece of a long line. */
const CONTINUED = ',"cont":true}';

/** Whether a line goes on with the one before it. Cheaper than to read it. */
export function isContinued({ text }: OutputLine): boolean {
  return text.endsWith(CONTINUED) && text.startsWith(RUNTIME_LINE);
}

/** Puts the pieces of long lines together again. Between them may stand lines of other calls. */
export function joinPieces(lines: LogLine[]): LogLine[] {
  const joined: LogLine[] = [];
  const begun = new Map<string, LogLine>();
  for (const { continued, ...line } of lines) {
    const key = `${line.stream} ${line.request_id}`;
    const before = continued ? begun.get(key) : undefined;
    if (before !== undefined) before.message += line.message;
    else {
      joined.push(line);
      begun.set(key, line);
    }
  }
  return joined;
}

/** The lines of a log that was kept as plain text. */
export function keptLines(log: string): LogLine[] {
  if (log === "") return [];
  const lines = log.replace(/\n$/, "").split("\n");
  return lines.map((message) => ({ time: null, level: null, stream: null, request_id: null, message }));
}

/** What the agent printed, as it printed it, with a line end after each line. */
export function plainText(lines: LogLine[]): string {
  return lines.map(({ message }) => `${message}\n`).join("");
}

function readFrame(text: string): LogLine | undefined {
  if (!text.startsWith(RUNTIME_LINE)) return undefined;
  const frame = parseObject(text);
  const message = frame["msg"];
  if (typeof message !== "string") return undefined;
  return {
    time: stringOrNull(frame["t"]),
    level: stringOrNull(frame["level"]),
    stream: stringOrNull(frame["stream"]),
    request_id: stringOrNull(frame["request_id"]),
    message,
    ...(frame["cont"] === true && { continued: true }),
  };
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null ? { ...parsed } : {};
  } catch {
    // The engine cut the line at its own limit. It is shown as it is.
    return {};
  }
}

function stringOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
