import { RunnerError } from "../../lib/errors.ts";
import { quoted } from "../../lib/text.ts";

/** The refusal of a parameter or a header whose value it may not have. */
export function notAllowed(name: string, value: string, allowed: string): RunnerError {
  return new RunnerError("INVALID_REQUEST", `${name} is ${quoted(value)}, but must be ${allowed}.`);
}
