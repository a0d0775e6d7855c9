import { RunnerError } from "../lib/errors.ts";
import type { ModulePlace } from "../python/modules.ts";

const MAX_NAMED = 8;

/** An error of detection. Its sentence ends with what to write in `oken.toml` or in the code. */
export function refuse(message: string, details?: Record<string, unknown>): RunnerError {
  return new RunnerError("CONFIG_ERROR", message, details === undefined ? {} : { details });
}

/** `entrypoint = "pkg.app:app"`, to paste. A module that cannot be found by its name is written as a path. */
export function pasteLine({ root, module, file }: ModulePlace, attr: string): string {
  return `entrypoint = "${root === "" || root === "src" ? module : file}:${attr}"`;
}

export function listed(items: readonly string[], word: "and" | "or"): string {
  const shown = items.slice(0, MAX_NAMED);
  const more = items.length - shown.length;
  if (more > 0) return `${shown.join(", ")} ${word} ${more} more`;
  const last = shown.pop() ?? "";
  return shown.length === 0 ? last : `${shown.join(", ")} ${word} ${last}`;
}

export function article(title: string): "a" | "an" {
  return /^[aeiou]/iu.test(title) ? "an" : "a";
}
