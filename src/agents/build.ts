import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { BuildEvent, BuiltImage } from "../docker/types.ts";
import { RunnerError } from "../errors.ts";
import { openTree, planDependencies, prepareBuild } from "../source/dependencies/index.ts";
import type { DependencyPlan, MadeList } from "../source/dependencies/index.ts";
import type { AgentBuildOptions, BuildEngine, BuildJob, Detected } from "./build-job.ts";
import { remaining } from "./build-job.ts";
import { buildSources, packageToBuild } from "./build-sources.ts";
import { shownEvent, stepLabel } from "./build-steps.ts";
import { noticeMovedBases } from "./kept-bases.ts";
import { keptLists } from "./kept-list.ts";
import { createResolvedLists, isCachedResolution, resolutionKey } from "./resolved-lists.ts";
import type { KeptLists } from "./kept-list.ts";

export type { AgentBuildOptions } from "./build-job.ts";

/** Every step of such a build has been done already, milliseconds. */
const EXPORT_TIMEOUT_MS = 60_000;

/** Packages that are found one after another to be had only as source; an agent with more should ship a lock. */
const MAX_SOURCE_ROUNDS = 20;

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
  const resolution = { cached: false };
  const onEvent = (event: BuildEvent) => {
    if (isCachedResolution(event)) resolution.cached = true;
    const shown = shownEvent(event);
    if (shown !== undefined) options.onEvent?.(shown);
  };
  try {
    const image = await buildPlan({
      engine,
      options: { ...options, onEvent },
      plan,
      scratch,
      resolution,
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

async function buildPlan(build: BuildJob): Promise<BuiltImage> {
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
      if (made === undefined) await inBackground(options, () => keepResolved(build, kept, image.bases));
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

async function buildImage(build: BuildJob, made: MadeList | undefined, round: number): Promise<BuiltImage> {
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
  { options, plan, now }: BuildJob,
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
async function keepResolved(build: BuildJob, kept: KeptLists, bases: Record<string, string>): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), "oken-list-"));
  try {
    const { resolves, ...inputs } = await prepare(build, {
      made: undefined,
      buildDir: join(scratch, "build"),
    });
    if (resolves === undefined) return;
    const read = async (): Promise<MadeList> => {
      const directory = join(scratch, "list");
      await build.engine.exportStage({ ...inputs, target: "lock", directory, timeoutMs: EXPORT_TIMEOUT_MS });
      const text = await readFile(join(directory, resolves), "utf8");
      return { lock: { file: resolves, text }, wheels: {} };
    };
    const { resolvedLists = createResolvedLists() } = build.options;
    const key = await resolutionKey(inputs, bases);
    await kept.keep(await resolvedLists.get(key, { cached: build.resolution.cached, read }));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
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
