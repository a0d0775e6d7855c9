import { readFile } from "node:fs/promises";
import { join } from "node:path";

import type { BuildInputs } from "../../docker/types.ts";
import { TARGETS } from "../layout.ts";
import { type BuildRun, remainingMs } from "../run.ts";
import { cacheKey } from "../stage-cache.ts";
import { SYSTEM_VERSIONS } from "./dockerfile.ts";

/** Reads the versions of the Debian packages that a finished build installed out of BuildKit's cache, by their names. */
export async function readSystemPackages(
  run: BuildRun,
  { inputs, bases }: { inputs: BuildInputs; bases: Record<string, string> },
): Promise<Record<string, string> | undefined> {
  const { parts, request, scratch, steps } = run;
  if (request.version.manifest.systemPackages === undefined) return undefined;
  const read = async (): Promise<Record<string, string>> => {
    const directory = join(scratch, "system");
    const { signal } = request;
    const { engine } = parts.host;
    await engine.exportStage({
      inputs,
      target: TARGETS.system,
      directory,
      timeoutMs: remainingMs(run),
      signal,
    });
    return JSON.parse(await readFile(join(directory, SYSTEM_VERSIONS), "utf8"));
  };
  const isCached = steps.isCached("system");
  return await parts.systemCache.get(await cacheKey(inputs, bases), { isCached, read });
}
