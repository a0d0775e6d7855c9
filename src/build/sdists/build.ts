import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";

import type { WheelLimits } from "../../docker/types.ts";
import { GiB, MiB } from "../../lib/bytes.ts";
import { RunnerError } from "../../lib/errors.ts";
import { madeList, prepareBuilder } from "./prepare.ts";
import type { MadeList } from "../prepare.ts";
import { canonicalName } from "../../dependencies/names.ts";
import type { DependencyPlan } from "../../dependencies/plan.ts";
import type { BuildJob } from "../job.ts";
import { remaining } from "../job.ts";

/** What building packages from source may use, unless the operator says otherwise. */
export const DEFAULT_WHEEL_LIMITS: WheelLimits = {
  memory: 2 * GiB,
  cpus: 2,
  processes: 512,
  output: 512 * MiB,
};

/**
 * Builds `packages`, and what the plan says must be built, in a container of their own; resolves the list first where
 * there is none yet. What was made before is kept.
 */
export async function buildSources(
  { engine, options, plan, scratch, deadline }: BuildJob,
  { made, packages, round }: { made: MadeList | undefined; packages: string[]; round: number },
): Promise<MadeList> {
  const { settings } = options;
  if (settings.sdist === "deny") throw denied([...packages, ...plan.builds, ...plan.dynamic]);
  const lock = made?.lock ?? uploadedLock(plan);
  const prepared = await prepareBuilder({
    plan,
    lock,
    packages: packages.filter((name) => lock !== undefined || plan.sdists[name] !== undefined),
    tree: options.tree,
    buildDir: join(scratch, `builder-${round}`),
    pythonVersion: options.manifest.pythonVersion,
    settings,
  });
  const outputDir = join(scratch, `built-${round}`);
  await engine.buildWheels({
    ...prepared,
    name: `oken-build-${crypto.randomUUID()}`,
    labels: options.labels,
    limits: options.wheelLimits ?? DEFAULT_WHEEL_LIMITS,
    outputDir,
    timeoutMs: remaining(deadline),
    signal: options.signal,
    onEvent: options.onEvent,
  });
  const files = Object.fromEntries((await readdir(outputDir)).map((name) => [name, join(outputDir, name)]));
  const list = lock === undefined ? files[plan.lock ?? "requirements.lock"] : undefined;
  const text = list === undefined ? undefined : await readFile(list, "utf8");
  const built = madeList({ plan, lock, files, text, settings });
  return { lock: built.lock, wheels: { ...made?.wheels, ...built.wheels } };
}

function uploadedLock(plan: DependencyPlan): MadeList["lock"] | undefined {
  if (plan.lock === undefined || !plan.locked) return undefined;
  return { file: plan.lock, text: plan.files[plan.lock] ?? "" };
}

/** Canonical name of the package for want of whose wheel a build failed; undefined for another failure. */
export function packageToBuild(error: unknown): string | undefined {
  if (!(error instanceof RunnerError) || error.details?.["class"] !== "needs_build") return undefined;
  const name = error.details["package"];
  return typeof name === "string" ? canonicalName(name) : undefined;
}

function denied(names: string[]): RunnerError {
  const what = names.join(", ");
  return new RunnerError(
    "BUILD_FAILED",
    `${what} must be built from source, which this host does not allow (OKEN_BUILD_SDIST=deny).`,
    {
      details: {
        class: "needs_build",
        hint: "Choose a version that has a wheel for this Python, or ship a wheel in the upload.",
        log: "",
        step: "detect",
      },
    },
  );
}
