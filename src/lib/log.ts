import pino from "pino";

import { GatheredLines } from "./gathered-lines.ts";
import { PrettyLines } from "./pretty-lines.ts";

export type Log = pino.Logger;

/** These fields are never logged: the secrets of a deploy, and the header with the token. */
const REDACTED = ["secrets", "*.secrets", "headers.authorization"];

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
  if (isPretty) return new PrettyLines(pino.destination({ dest: 2, sync: true }), process.stderr.isTTY);
  return new GatheredLines(pino.destination({ dest: 2, sync: true }));
}
