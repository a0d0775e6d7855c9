import { RunnerError } from "../../errors.ts";

/** Where an agent's dependencies are named, in the order of precedence. */
export type DependencyStyle =
  | "uv.lock"
  | "poetry.lock"
  | "pdm.lock"
  | "pyproject.toml"
  | "requirements.txt"
  | "script"
  | "setup.py"
  | "none";

/**
 * How the build installs them. Every recipe ends in an exact, hashed list:
 * - `none`: nothing to install;
 * - `sync`: from a `uv.lock`, beside a `pyproject.toml` reduced to what the install reads;
 * - `lock-and-sync`: makes that `uv.lock` first;
 * - `compile-and-sync`: resolves `requirements.txt` to a hashed list, then installs the list;
 * - `hashed`: installs a hashed `requirements.lock` that is already there.
 */
export type InstallRecipe = "none" | "sync" | "lock-and-sync" | "compile-and-sync" | "hashed";

export type DependencyPlan = {
  style: DependencyStyle;
  /** One sentence for the deploy's answer. */
  reason: string;
  recipe: InstallRecipe;
  /** What the build reads of the upload to install, by file name: normalised, so that nothing else re-runs it. */
  files: Record<string, string>;
  warnings: string[];
};

/** Name of the file in which a resolved recipe leaves its result, to be kept with the version. */
export const LOCK_FILE = { sync: "uv.lock", hashed: "requirements.lock" } as const;

/** A dependency file that cannot be used; `hint` says what mends it. */
export function dependencyError(kind: string, message: string, hint: string): RunnerError {
  return new RunnerError("BUILD_FAILED", message, {
    details: { class: kind, hint, log: "", step: "detect" },
  });
}
