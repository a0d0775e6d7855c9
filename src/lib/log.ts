import pino from "pino";
import pretty from "pino-pretty";

export type Log = pino.Logger;

/** These fields are never logged: the secrets of a deploy, and the header with the token. */
const REDACTED = ["secrets", "*.secrets", "headers.authorization"];

/** pino's number of the lowest level whose lines are written at once. */
const WARN = 40;

/** How long a line may wait for others, milliseconds. A crash may lose the lines of that time. */
const GATHER_MS = 10;

export type LogOptions = {
  level: string;
  format: string;
  /** Standard error by default; a test reads the lines itself. */
  destination?: { write(line: string): void };
};

/**
 * Writes one JSON object a line to standard error, with `time` in ISO 8601 and `level` as a word. On a terminal the
 * lines are made for reading.
 */
export function createLog(options: LogOptions): Log {
  const settings: pino.LoggerOptions = {
    level: options.level,
    base: null,
    messageKey: "msg",
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: REDACTED, censor: "[REDACTED]" },
    serializers: { err: pino.stdSerializers.errWithCause },
  };
  return pino(settings, options.destination ?? stderrStream(options.format));
}

function stderrStream(format: string): pino.DestinationStream {
  const isPretty = format === "pretty" || (format === "auto" && process.stderr.isTTY);
  if (isPretty)
    return pretty({ destination: 2, sync: true, translateTime: "SYS:HH:MM:ss.l", ignore: "request_id" });
  return gathered(pino.destination({ dest: 2, sync: true }));
}

/**
 * Writes several lines at once: under load, a write for each takes a quarter of an invoke's CPU time. A warning or an
 * error is written without delay, together with the lines before it.
 */
export function gathered(destination: pino.DestinationStream) {
  let lines = "";
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(timer);
    if (lines === "") return;
    const text = lines;
    lines = "";
    destination.write(text);
  };
  process.once("exit", flush);
  return {
    // Asks pino to set `lastLevel` before each write.
    [pino.symbols.needsMetadataGsym]: true as const,
    lastLevel: 0,
    write(line: string) {
      if (lines === "") timer = setTimeout(flush, GATHER_MS);
      lines += line;
      if (this.lastLevel >= WARN) flush();
    },
  };
}
