import { RunnerError } from "../lib/errors.ts";
import { redactValue } from "../lib/redact-secrets.ts";

/**
 * The error of a failed start with the last lines of its log, and no secret in either. Without a cause, which would bring
 * its words into the runner's own log.
 */
export function withLog(error: unknown, log: string, redact: (text: string) => string): unknown {
  if (!(error instanceof RunnerError) || error.code !== "AGENT_START_FAILED") return error;
  const details = Object.entries({ ...error.details, log });
  return new RunnerError(error.code, redact(error.message), {
    details: Object.fromEntries(details.map(([name, value]) => [name, redactValue(value, redact)])),
  });
}
