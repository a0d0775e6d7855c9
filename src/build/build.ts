import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { BuildEvent, BuiltImage } from "../docker/types.ts";
import { RunnerError } from "../lib/errors.ts";
import { prepareBuild } from "./prepare.ts";
import { planDependencies } from "../dependencies/detect.ts";
import type { MadeList } from "./prepare.ts";
import type { DependencyPlan } from "../dependencies/plan.ts";
import type { AgentBuildOptions, BuildEngine, BuildJob, Detected } from "./job.ts";
import { remaining } from "./job.ts";
import { findList, needsSources, openLists } from "./lists.ts";
import { buildSources, packageToBuild } from "./sdists/build.ts";
import { shownEvent, stepLabel } from "./steps.ts";
import { noticeMovedBases } from "./bases.ts";
import { createResolvedLists, isCachedResolution, resolutionKey } from "./resolved-lists.ts";
import type { KeptLists } from "./kept-list.ts";

export type { AgentBuildOptions } from "./job.ts";

/** Said of a version whose list, by a crash just after its deploy, was never kept. */
const LOST = "The list of its packages was not kept, so that their versions were chosen anew.";

/** Every step of such a build has been done already, milliseconds. */
const EXPORT_TIMEOUT_MS = 60_000;

/** Packages that are found one after another to be had only as source; an agent with more should ship a lock. */
const MAX_SOURCE_ROUNDS = 20;

type Built = BuiltImage & {
  /** Name under which the list that it was built from is kept, where it has one that is not in the upload. */
  packages: string;
  warnings: string[];
};

export type AgentImage = Built & Detected;

/**
 * Builds an agent's image: from wheels, in a build in which no package's code runs. Packages to be had only as source
 * are built before, where the host allows it, in a container that reaches the package index and nothing else, and come
 * into the image as this agent's own wheels. Rejects as `Engine.buildImage` and `Engine.buildWheels` do.
 */
export async function buildAgent(engine: BuildEngine, options: AgentBuildOptions): Promise<AgentImage> {
  const plan = await planDependencies(options.tree, options.entrypoint.file);
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
    const moved = await noticeMovedBases(options.keepDir, image.bases);
    return { ...image, ...detected, warnings: [...detected.warnings, ...image.warnings, ...moved] };
  } catch (error) {
    throw withStepLabel(error);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function buildPlan(build: BuildJob): Promise<Built> {
  const { options, plan } = build;
  const lists = await openLists(build);
  const { name, made: found } = await findList(lists, options.packages);
  const isLost = options.packages !== undefined && found === undefined && needsList(plan);
  const warnings = isLost ? [LOST] : [];
  let made = found;
  if (needsSources(plan, made)) {
    made = await buildSources(build, { made, packages: Object.keys(plan.sdists), round: 0 });
  }
  for (let round = 1; ; round++) {
    try {
      const image = await buildImage(build, made, round);
      if (made !== undefined && made === found) return { ...image, packages: name, warnings };
      if (made !== undefined) await lists.keep(made);
      else if (needsList(plan)) await inBackground(options, () => keepResolved(build, lists, image.bases));
      return { ...image, packages: lists.name, warnings };
    } catch (error) {
      const missing = packageToBuild(error);
      if (missing === undefined || made?.wheels[missing] !== undefined || round > MAX_SOURCE_ROUNDS)
        throw error;
      options.onEvent?.({ type: "log", line: `${missing} is to be had only as source: building it.` });
      made = await buildSources(build, { made, packages: [missing], round });
    }
  }
}

/** A list that the build resolves, since the upload holds none. */
function needsList({ lock, locked }: DependencyPlan): boolean {
  return lock !== undefined && !locked;
}

async function inBackground({ background }: AgentBuildOptions, work: () => Promise<void>): Promise<void> {
  if (background === undefined) await work();
  else background(work);
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
async function keepResolved(build: BuildJob, lists: KeptLists, bases: Record<string, string>): Promise<void> {
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
    await lists.keep(await resolvedLists.get(key, { cached: build.resolution.cached, read }));
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
