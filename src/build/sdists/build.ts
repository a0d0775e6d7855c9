import { join } from "node:path";

import type { DependencyPlan } from "../../dependencies/plan.ts";
import { canonicalName } from "../../dependencies/names.ts";
import type { WheelLimits } from "../../docker/types.ts";
import { GiB, MiB } from "../../lib/bytes.ts";
import { RunnerError } from "../../lib/errors.ts";
import { IMAGE_PATHS } from "../layout.ts";
import type { Resolution } from "../resolutions.ts";
import { type BuildRun, labelsOf, remainingMs } from "../run.ts";
import { writeSdistInputs } from "./inputs.ts";
import { readSdistOutput } from "./output.ts";
import { gatewayConfig } from "./task.ts";

/** What building packages from source may use, unless the operator says otherwise. */
const DEFAULT_LIMITS: WheelLimits = {
  memory: 2 * GiB,
  cpus: 2,
  processes: 512,
  output: 512 * MiB,
};

/**
 * Builds `packages`, and the projects that the plan says must be built, in a container of their own. Resolves the
 * dependencies first where no lock is known. The answer has the wheels of `resolution`, too.
 */
export async function buildSdists(
  run: BuildRun,
  { resolution, packages, round }: { resolution: Resolution | undefined; packages: string[]; round: number },
): Promise<Resolution> {
  const { parts, request, plan, steps } = run;
  const { engine, settings, limits } = parts.host;
  if (settings.sdist === "deny") throw denied([...packages, ...plan.builds, ...plan.dynamic]);
  const lock = resolution?.lock ?? uploadedLock(plan);
  const task = {
    lock,
    packages: packages.filter((name) => lock !== undefined || plan.sdists[name] !== undefined),
  };
  const outputDir = join(run.scratch, `built-${round}`);
  await engine.buildWheels({
    inputs: await writeSdistInputs(run, task, join(run.scratch, `builder-${round}`)),
    programs: {
      gateway: [IMAGE_PATHS.python, "-I", `${IMAGE_PATHS.builder}/gateway.py`],
      gatewayConfig: gatewayConfig(plan, task, settings),
      build: [IMAGE_PATHS.python, "-I", `${IMAGE_PATHS.builder}/build.py`],
    },
    labels: labelsOf(run),
    userId: request.version.user_id,
    limits: limits.wheels ?? DEFAULT_LIMITS,
    outputDir,
    timeoutMs: remainingMs(run),
    signal: request.signal,
    onEvent: steps.onEvent,
  });
  const built = await readSdistOutput(outputDir, { plan, task, sources: settings.packageSources });
  return { lock: built.lock, wheels: { ...resolution?.wheels, ...built.wheels } };
}

/** Whether packages are known to have no wheel and have not been built. */
export function needsSdists(plan: DependencyPlan, resolution: Resolution | undefined): boolean {
  const mustBuild = Object.keys(plan.sdists).length > 0 || plan.builds.length > 0;
  if (resolution === undefined) return mustBuild || plan.dynamic.length > 0;
  return mustBuild && Object.keys(resolution.wheels).length === 0;
}

/** Canonical name of the package without a wheel that a build failed for; undefined for another failure. */
export function packageWithoutWheel(error: unknown): string | undefined {
  if (!(error instanceof RunnerError) || error.details?.["class"] !== "needs_build") return undefined;
  const name = error.details["package"];
  return typeof name === "string" ? canonicalName(name) : undefined;
}

function uploadedLock(plan: DependencyPlan): Resolution["lock"] | undefined {
  if (plan.lock === undefined || !plan.locked) return undefined;
  return { file: plan.lock, text: plan.files[plan.lock] ?? "" };
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
