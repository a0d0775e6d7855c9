import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { makeScratch } from "../lib/scratch.ts";
import { TARGETS } from "./layout.ts";
import { writeRunInputs } from "./inputs.ts";
import { cacheKey } from "./stage-cache.ts";
import type { Resolution } from "./resolutions.ts";
import type { BuildRun } from "./run.ts";

/** BuildKit has done every step of this build before, milliseconds. */
const TIMEOUT_MS = 60_000;

/** Reads what a finished build resolved out of BuildKit's cache. */
export async function readResolution(run: BuildRun, bases: Record<string, string>): Promise<Resolution> {
  const { engine, staging } = run.parts.host;
  await using scratch = await makeScratch(staging, "lock-");
  const { inputs, resolvedLock: file } = await writeRunInputs(run, undefined, join(scratch.path, "build"));
  if (file === undefined) throw new Error("the build resolved nothing");
  const read = async (): Promise<Resolution> => {
    const directory = join(scratch.path, "lock");
    await engine.exportStage({ inputs, target: TARGETS.lock, directory, timeoutMs: TIMEOUT_MS });
    return { lock: { file, text: await readFile(join(directory, file), "utf8") }, wheels: {} };
  };
  const isCached = run.steps.isCached("resolve");
  return await run.parts.resolutionCache.get(await cacheKey(inputs, bases), { isCached, read });
}
