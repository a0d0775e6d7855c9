import { withoutPackages } from "../dependencies/lock.ts";
import type { DependencyPlan, LockFile } from "../dependencies/plan.ts";
import { SCRIPT_FILE } from "../dependencies/uv-lock.ts";
import type { Install } from "./dockerfile.ts";
import type { Resolution } from "./resolutions.ts";
import type { PackageSources } from "./settings.ts";

/** How the packages of a plan get into the image; undefined when there are none. */
export function planInstall(options: {
  plan: DependencyPlan;
  resolution: Resolution | undefined;
  sources: PackageSources;
  builtNames: string[];
}): Install | undefined {
  const { plan, resolution, sources, builtNames } = options;
  const compileFlags = plan.compileFlags.length > 0 ? plan.compileFlags : ["pyproject.toml"];
  const chosen = chooseLock(plan, resolution, sources);
  return chosen === undefined ? undefined : { ...chosen, compileFlags, builtNames };
}

/**
 * A `uv.lock` names the URL of every file. When packages come from elsewhere, it is exported, and they are installed by
 * name and hash.
 */
function chooseLock(
  plan: DependencyPlan,
  resolution: Resolution | undefined,
  sources: PackageSources,
): Pick<Install, "lock" | "lockStep"> | undefined {
  if (plan.lock === undefined) return undefined;
  const isElsewhere = (sources.indexUrl ?? "") !== "" || sources.findLinks !== undefined;
  const isLocked = resolution !== undefined || plan.locked;
  const lock = resolution?.lock.file ?? plan.lock;
  if (lock === "requirements.lock") return { lock, lockStep: isLocked ? undefined : "compile" };
  // uv installs the packages of a script into its own cache only. It can export them as requirements.
  if (SCRIPT_FILE in plan.files) return { lock: "requirements.lock", lockStep: "export-script" };
  if (!isElsewhere) return { lock, lockStep: isLocked ? undefined : "lock" };
  return { lock: "requirements.lock", lockStep: isLocked ? "export" : "compile" };
}

/** The lock that the build resolves, and that is worth keeping; undefined when it only reads one. */
export function resolvedLock(install: Install | undefined): LockFile | undefined {
  const isResolved = install?.lockStep === "lock" || install?.lockStep === "compile";
  return isResolved ? install.lock : undefined;
}

/** The files of a resolution: its lock, and beside a `uv.lock` the project file that it belongs to. */
export function lockFiles(plan: DependencyPlan, { lock, wheels }: Resolution): Record<string, string> {
  if (lock.file === "requirements.lock") {
    return { [lock.file]: withoutPackages(lock.text, new Set(Object.keys(wheels))) };
  }
  const script = plan.files[SCRIPT_FILE];
  if (script !== undefined) {
    return { [lock.file]: lock.text, [SCRIPT_FILE]: script, indexes: plan.files["indexes"] ?? "" };
  }
  const project = plan.files["install/pyproject.toml"] ?? plan.files["pyproject.toml"] ?? "";
  return { [lock.file]: lock.text, "pyproject.toml": project };
}
