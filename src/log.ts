import pino from "pino";
import pretty from "pino-pretty";

export type Log = pino.Logger;

/** Never in a log line, wherever it stands: `secrets` of a deploy, the header that carries the token. */
const REDACTED = ["secrets", "*.secrets", "headers.authorization"];

export type LogOptions = {
  level: string;
  format: string;
  /** Standard error unless a test listens. */
  destination?: { write(line: string): void };
};

/**
 * One JSON object a line on standard error, `time` in ISO 8601, `level` as a word; pretty on a terminal.
 * Written without delay, so that the last line before a crash is there.
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
  return pino.destination({ dest: 2, sync: true });
}
