import { join } from "node:path";

import type { DependencyPlan } from "../dependencies/plan.ts";
import type { BuiltImage } from "../docker/types.ts";
import { noticeMovedBases } from "./base-images.ts";
import { writeRunInputs } from "./inputs.ts";
import { readResolution } from "./read-resolution.ts";
import { resolutionKeyOf } from "./resolution-key.ts";
import { type Resolution, type Resolutions, openResolutions } from "./resolutions.ts";
import { type BuildRun, labelsOf, pythonOf, remainingMs } from "./run.ts";
import { buildSdists, needsSdists, packageWithoutWheel } from "./sdists/build.ts";
import { readSystemPackages } from "./system/read.ts";
import type { Build } from "./types.ts";

/** A warning, seen when the runner crashed just after the version's deploy. */
const LOST = "The lock of its packages was not kept, so their versions were chosen anew.";

/** Each package without a wheel that no lock tells of costs a build that fails. An agent with more needs a lock. */
const MAX_SDIST_ROUNDS = 20;

/**
 * Builds a version's image from wheels, without running any package's code. Where the host allows it, packages without
 * a wheel are first built from source, in a container that reaches the package index and nothing else, and installed as
 * this agent's own wheels. Rejects as `Engine.buildImage` and `Engine.buildWheels` do.
 */
export async function buildImage(run: BuildRun): Promise<Build> {
  const { parts, request, plan } = run;
  const { agentId, version } = request;
  const kept = join(parts.host.agents.directory(agentId), "kept");
  const resolutions = openResolutions({
    directory: join(kept, "lists"),
    python: pythonOf(run),
    keysInUse: () => parts.host.agents.resolutionKeys(agentId),
  });
  const key = await resolutionKeyOf(run);
  const known = await findResolution(resolutions, [version.resolution_key, key]);
  const isLost = version.resolution_key !== undefined && known === undefined && mustResolve(plan);

  const { image, resolution, systemPackages } = await buildWithSdists(run, known?.resolution);
  const isKnown = known !== undefined && resolution === known.resolution;
  if (resolution === undefined && mustResolve(plan)) {
    parts.background.keep(agentId, async () => resolutions.keep(key, await readResolution(run, image.bases)));
  } else if (resolution !== undefined && !isKnown) await resolutions.keep(key, resolution);
  return {
    imageId: image.imageId,
    bases: image.bases,
    dependencyStyle: plan.style,
    resolutionKey: isKnown ? known.key : key,
    systemPackages,
    warnings: [...plan.warnings, ...(isLost ? [LOST] : []), ...(await noticeMovedBases(kept, image.bases))],
  };
}

/** The first that is kept: what this version was built with, or what the same dependency files resolved to. */
async function findResolution(
  resolutions: Resolutions,
  keys: (string | undefined)[],
): Promise<{ key: string; resolution: Resolution } | undefined> {
  for (const key of keys) {
    const resolution = key === undefined ? undefined : await resolutions.find(key);
    if (key !== undefined && resolution !== undefined) return { key, resolution };
  }
  return undefined;
}

/** Whether the build resolves a lock, since the upload has none. */
function mustResolve({ lock, locked }: DependencyPlan): boolean {
  return lock !== undefined && !locked;
}

type ImageParts = { image: BuiltImage; systemPackages: Build["systemPackages"] };

/** Builds with wheels alone. When a package turns out to have none, builds that from source and tries again. */
async function buildWithSdists(
  run: BuildRun,
  known: Resolution | undefined,
): Promise<ImageParts & { resolution: Resolution | undefined }> {
  const { plan, steps } = run;
  let resolution = known;
  if (needsSdists(plan, resolution)) {
    resolution = await buildSdists(run, { resolution, packages: Object.keys(plan.sdists), round: 0 });
  }
  for (let round = 1; ; round++) {
    try {
      return { ...(await buildOnce(run, resolution, round)), resolution };
    } catch (error) {
      const name = packageWithoutWheel(error);
      const isHopeless = name === undefined || resolution?.wheels[name] !== undefined;
      if (isHopeless || round > MAX_SDIST_ROUNDS) throw error;
      steps.onEvent({ type: "log", line: `${name} has no wheel: building it from source.` });
      resolution = await buildSdists(run, { resolution, packages: [name], round });
    }
  }
}

async function buildOnce(
  run: BuildRun,
  resolution: Resolution | undefined,
  round: number,
): Promise<ImageParts> {
  const { parts, request, steps } = run;
  const { inputs } = await writeRunInputs(run, resolution, join(run.scratch, `image-${round}`));
  const image = await parts.host.engine.buildImage({
    inputs,
    tag: request.version.image,
    labels: labelsOf(run),
    timeoutMs: remainingMs(run),
    signal: request.signal,
    onEvent: steps.onEvent,
  });
  return { image, systemPackages: await readSystemPackages(run, { inputs, bases: image.bases }) };
}
