import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { TARGETS } from "./layout.ts";
import { writeRunInputs } from "./inputs.ts";
import { cacheKey } from "./stage-cache.ts";
import type { Resolution } from "./resolutions.ts";
import type { BuildRun } from "./run.ts";

/** BuildKit has done every step of this build before, milliseconds. */
const TIMEOUT_MS = 60_000;

/** Reads what a finished build resolved out of BuildKit's cache. */
export async function readResolution(run: BuildRun, bases: Record<string, string>): Promise<Resolution> {
  const { engine } = run.parts.host;
  const scratch = await mkdtemp(join(tmpdir(), "oken-lock-"));
  try {
    const { inputs, resolvedLock: file } = await writeRunInputs(run, undefined, join(scratch, "build"));
    if (file === undefined) throw new Error("the build resolved nothing");
    const read = async (): Promise<Resolution> => {
      const directory = join(scratch, "lock");
      await engine.exportStage({ inputs, target: TARGETS.lock, directory, timeoutMs: TIMEOUT_MS });
      return { lock: { file, text: await readFile(join(directory, file), "utf8") }, wheels: {} };
    };
    const isCached = run.steps.isCached("resolve");
    return await run.parts.resolutionCache.get(await cacheKey(inputs, bases), { isCached, read });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
