import { RunnerError } from "./errors.ts";

/** A dependency file that cannot be used; `hint` says what to do. */
export function dependencyError(kind: string, message: string, hint: string): RunnerError {
  return new RunnerError("BUILD_FAILED", message, {
    details: { class: kind, hint, log: "", step: "detect" },
  });
}
