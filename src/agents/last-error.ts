import { RunnerError } from "../lib/errors.ts";
import type { LastError } from "../model/agent.ts";

/** The error of an operation as one of ours; what is none of ours is a fault of the runner. */
export function asRunnerError(cause: unknown): RunnerError {
  return cause instanceof RunnerError
    ? cause
    : new RunnerError("INTERNAL", "The agent could not be started.", { cause });
}

/** A failed start as it is kept for whoever looks at the agent. `now` is wall clock, milliseconds. */
export function toLastError(error: RunnerError, now: number): LastError {
  const log = error.details?.["log"];
  return {
    at: new Date(now).toISOString(),
    code: error.code,
    message: error.message,
    log: typeof log === "string" ? log : "",
  };
}
