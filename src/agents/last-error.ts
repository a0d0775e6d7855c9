import { RunnerError } from "../lib/errors.ts";
import type { LastError } from "../model/agent.ts";

/** Any error as a RunnerError. One that is not ours is a fault of the runner. */
export function asRunnerError(cause: unknown): RunnerError {
  return cause instanceof RunnerError
    ? cause
    : new RunnerError("INTERNAL", "The agent could not be started.", { cause });
}

/** A failed start as `GET /agents/{id}` shows it. `now` is wall clock, milliseconds. */
export function toLastError(error: RunnerError, now: number): LastError {
  const { log, exit_code: exitCode } = error.details ?? {};
  return {
    at: new Date(now).toISOString(),
    code: error.code,
    message: error.message,
    log: typeof log === "string" ? log : "",
    ...(typeof exitCode === "number" ? { exit_code: exitCode } : {}),
  };
}
