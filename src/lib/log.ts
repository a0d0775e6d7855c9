import pino from "pino";
import pretty from "pino-pretty";

export type Log = pino.Logger;

/** Never in a log line, wherever it stands: `secrets` of a deploy, the header that carries the token. */
const REDACTED = ["secrets", "*.secrets", "headers.authorization"];

/** pino's number of the level from which on a line is written at once. */
const WARN = 40;

/** How long a line may wait for others to be written with, milliseconds; what a crash may cost. */
const GATHER_MS = 10;

export type LogOptions = {
  level: string;
  format: string;
  /** Standard error unless a test listens. */
  destination?: { write(line: string): void };
};

/**
 * One JSON object a line on standard error, `time` in ISO 8601, `level` as a word; pretty on a terminal.
 * A warning or an error is written without delay, so that the last line before a crash is there.
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
 * Writes lines together: under load a write for each costs a quarter of an invoke's processor time. A warning or an
 * error is written without delay, and with it all that was said before it.
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
    // Asks pino to set the level of the line that it is about to write.
    [pino.symbols.needsMetadataGsym]: true as const,
    lastLevel: 0,
    write(line: string) {
      if (lines === "") timer = setTimeout(flush, GATHER_MS);
      lines += line;
      if (this.lastLevel >= WARN) flush();
    },
  };
}
