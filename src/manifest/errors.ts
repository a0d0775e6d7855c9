import { RunnerError } from "../lib/errors.ts";
import type { TomlFailure } from "./toml.ts";

/** A flaw in a file that configures an agent. `key` and `line` say where, if known. */
export function configError(
  message: string,
  details: { reason?: "config_missing" | "config_invalid"; file?: string; key?: string; line?: number } = {},
): RunnerError {
  return new RunnerError("CONFIG_ERROR", message, { details: { reason: "config_invalid", ...details } });
}

/** For {@link parseToml}: the error of a configuration file that is no TOML. */
export function configTomlError(file: string): TomlFailure {
  return (message, line) => configError(message, { file, ...(line === undefined ? {} : { line }) });
}
