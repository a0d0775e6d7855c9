import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { BuildEvent, BuildRequest, BuiltImage, Engine, WheelLimits } from "../docker/types.ts";
import { RunnerError } from "../errors.ts";
import type { Entrypoint } from "../model/entrypoint.ts";
import type { Manifest } from "../model/manifest.ts";
import {
  madeList,
  openTree,
  planDependencies,
  prepareBuild,
  prepareBuilder,
} from "../source/dependencies/index.ts";
import type {
  BuildSettings,
  DependencyPlan,
  DependencyStyle,
  MadeList,
} from "../source/dependencies/index.ts";
import { shownEvent, stepLabel } from "./build-steps.ts";
import { noticeMovedBases } from "./kept-bases.ts";
import { keptLists } from "./kept-list.ts";
import type { KeptLists } from "./kept-list.ts";

/** Every step of such a build has been done already, milliseconds. */
const EXPORT_TIMEOUT_MS = 60_000;

/** Packages that are found one after another to be had only as source; an agent with more should ship a lock. */
const MAX_SOURCE_ROUNDS = 20;

/** What building packages from source may use, unless the operator says otherwise. */
export const DEFAULT_WHEEL_LIMITS: WheelLimits = {
  memory: 2 * 1024 ** 3,
  cpus: 2,
  processes: 512,
  output: 512 * 1024 ** 2,
};

type BuildEngine = Pick<Engine, "buildImage" | "exportStage" | "buildWheels">;

export type AgentBuildOptions = Pick<BuildRequest, "tag" | "labels" | "timeoutMs" | "signal" | "onEvent"> & {
  /** The extracted upload; never written to. */
  tree: string;
  manifest: Pick<Manifest, "pythonVersion">;
  entrypoint: Pick<Entrypoint, "file">;
  agentId: string;
  settings: BuildSettings;
  /** The Python that runs inside the container: path to text. */
  runtimeFiles: Record<string, string>;
  /** A directory on the tree's file system; what the build needs is made in it and removed again. */
  scratchDir: string;
  /** This agent's own directory for what was resolved and built before; goes when the agent goes. Kept nowhere if undefined. */
  keepDir?: string | undefined;
  wheelLimits?: WheelLimits | undefined;
  /** Takes work that nobody need wait for, and tells of its failure; without it that work is part of the build. */
  background?: ((work: () => Promise<void>) => void) | undefined;
  /** Told as soon as the dependency style is known, before anything is built. */
  onDetected?: ((detected: Detected) => void) | undefined;
};

export type Detected = { style: DependencyStyle; styleReason: string; warnings: string[] };

export type AgentImage = BuiltImage & Detected;

/**
 * Builds an agent's image: from wheels, in a build in which no package's code runs. Packages to be had only as source
 * are built before, where the host allows it, in a container that reaches the package index and nothing else, and come
 * into the image as this agent's own wheels. Rejects as `Engine.buildImage` and `Engine.buildWheels` do.
 */
export async function buildAgent(engine: BuildEngine, options: AgentBuildOptions): Promise<AgentImage> {
  const plan = await planDependencies(openTree(options.tree), options.entrypoint.file);
  const detected = { style: plan.style, styleReason: plan.reason, warnings: plan.warnings };
  options.onDetected?.(detected);
  const scratch = await mkdtemp(join(options.scratchDir, "build-"));
  const onEvent = (event: BuildEvent) => {
    const shown = shownEvent(event);
    if (shown !== undefined) options.onEvent?.(shown);
  };
  try {
    const image = await buildPlan({
      engine,
      options: { ...options, onEvent },
      plan,
      scratch,
      deadline: performance.now() + options.timeoutMs,
      now: Date.now(),
    });
    const moved = options.keepDir === undefined ? [] : await noticeMovedBases(options.keepDir, image.bases);
    return { ...image, ...detected, warnings: [...detected.warnings, ...moved] };
  } catch (error) {
    throw withStepLabel(error);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

type Build = {
  engine: BuildEngine;
  options: AgentBuildOptions;
  plan: DependencyPlan;
  scratch: string;
  /** On the clock that only grows, milliseconds. */
  deadline: number;
  /** When the build began, milliseconds since the epoch. */
  now: number;
};

async function buildPlan(build: Build): Promise<BuiltImage> {
  const { options, plan, scratch } = build;
  const { settings, manifest } = options;
  const kept = keptLists({
    directory: join(options.keepDir ?? scratch, "lists"),
    plan,
    python: `${manifest.pythonVersion} ${settings.builderImage ?? settings.pythonImage}`,
  });
  const found = usable(await kept.find(), plan);
  let made = found;
  const known = Object.keys(plan.sources);
  if (made === undefined && (known.length > 0 || plan.builds.length > 0 || plan.dynamic.length > 0)) {
    made = await buildSources(build, { made, packages: known, round: 0 });
  }
  for (let round = 1; ; round++) {
    try {
      const image = await buildImage(build, made, round);
      if (options.keepDir === undefined) return image;
      if (made === undefined) await inBackground(options, () => keepResolved(build, kept));
      else if (made !== found) await kept.keep(made);
      return image;
    } catch (error) {
      const name = packageToBuild(error);
      if (name === undefined || made?.wheels[name] !== undefined || round > MAX_SOURCE_ROUNDS) throw error;
      options.onEvent?.({ type: "log", line: `${name} is to be had only as source: building it.` });
      made = await buildSources(build, { made, packages: [name], round });
    }
  }
}

async function inBackground({ background }: AgentBuildOptions, work: () => Promise<void>): Promise<void> {
  if (background === undefined) await work();
  else background(work);
}

/** A project whose own code is compiled is built anew each time: its wheel holds that code. */
function usable(found: MadeList | undefined, plan: DependencyPlan): MadeList | undefined {
  return plan.builds.length > 0 || plan.dynamic.length > 0 ? undefined : found;
}

async function buildImage(build: Build, made: MadeList | undefined, round: number): Promise<BuiltImage> {
  const { engine, options, scratch, deadline } = build;
  const prepared = await prepare(build, { made, buildDir: join(scratch, `image-${round}`) });
  return engine.buildImage({
    ...prepared,
    tag: options.tag,
    labels: options.labels,
    onEvent: options.onEvent,
    signal: options.signal,
    timeoutMs: remaining(deadline),
  });
}

function prepare(
  { options, plan, now }: Build,
  { made, buildDir }: { made: MadeList | undefined; buildDir: string },
) {
  return prepareBuild({
    ...options,
    plan,
    made,
    now,
    buildDir,
    pythonVersion: options.manifest.pythonVersion,
  });
}

/** Takes the list out of the steps that the image was made of, which are still there, and keeps it. */
async function keepResolved(build: Build, kept: KeptLists): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), "oken-list-"));
  try {
    const { resolves, ...inputs } = await prepare(build, {
      made: undefined,
      buildDir: join(scratch, "build"),
    });
    if (resolves === undefined) return;
    const directory = join(scratch, "list");
    await build.engine.exportStage({ ...inputs, target: "lock", directory, timeoutMs: EXPORT_TIMEOUT_MS });
    const text = await readFile(join(directory, resolves), "utf8");
    await kept.keep({ lock: { file: resolves, text }, wheels: {} });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function buildSources(
  { engine, options, plan, scratch, deadline }: Build,
  { made, packages, round }: { made: MadeList | undefined; packages: string[]; round: number },
): Promise<MadeList> {
  const { settings } = options;
  if (settings.sdist === "deny") throw denied([...packages, ...plan.builds, ...plan.dynamic]);
  const lock = made?.lock ?? uploadedLock(plan);
  const prepared = await prepareBuilder({
    plan,
    lock,
    packages: packages.filter((name) => lock !== undefined || plan.sources[name] !== undefined),
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

function packageToBuild(error: unknown): string | undefined {
  if (!(error instanceof RunnerError) || error.details?.["class"] !== "needs_build") return undefined;
  const name = error.details["package"];
  return typeof name === "string" ? name.replaceAll(/[-_.]+/g, "-").toLowerCase() : undefined;
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

function withStepLabel(error: unknown): unknown {
  if (!(error instanceof RunnerError) || typeof error.details?.["step"] !== "string") return error;
  const step = stepLabel(error.details["step"]);
  // Who deployed sees the sentence alone, and for a build that took too long the step is the cause.
  const message = error.code === "BUILD_TIMEOUT" ? `${error.message} It was at: ${step}.` : error.message;
  return new RunnerError(error.code, message, {
    details: { ...error.details, step },
    status: error.status,
    headers: error.headers,
    cause: error.cause,
  });
}

function remaining(deadline: number): number {
  return Math.max(1, Math.ceil(deadline - performance.now()));
}
