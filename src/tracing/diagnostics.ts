import { DiagLogLevel, diag } from "@opentelemetry/api";
import { setGlobalErrorHandler } from "@opentelemetry/core";

import { messageOf } from "../lib/errors.ts";
import type { Log } from "../lib/log.ts";

export type Diagnostics = Disposable & {
  /** What comes from now on may come again and again, such as a word of dropped spans: only the first is a warning. */
  settle(): void;
};

/** Has in the runner's log what the SDK says of itself, which it would write to standard error or keep to itself. */
export function logDiagnostics(log: Log): Diagnostics {
  let level: "warn" | "debug" = "warn";
  let isSettled = false;
  const tell = (message: string) => {
    log[level](message);
    if (isSettled) level = "debug";
  };
  diag.setLogger(
    { error: tell, warn: tell, info: tell, debug: tell, verbose: tell },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  // An export that failed is told by `exporter.ts`.
  setGlobalErrorHandler((error) => log.debug({ reason: messageOf(error) }, "spans were dropped"));
  return {
    settle: () => void (isSettled = true),
    [Symbol.dispose]: () => diag.disable(),
  };
}
