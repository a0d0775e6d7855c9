import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";

import type { BuildInputs } from "../docker/types.ts";
import type { Resolution } from "./resolutions.ts";

/** Resolutions in memory; each is some kilobytes. */
const MAX_ENTRIES = 200;

/**
 * What builds resolved, in memory. Reading a lock out of BuildKit takes a build of its own, which is spared where
 * BuildKit found the dependencies resolved before.
 */
export type ResolutionCache = {
  /** The resolution of this key: the known one if BuildKit had it cached, otherwise what `read` gives. */
  get(key: string, build: { isCached: boolean; read: () => Promise<Resolution> }): Promise<Resolution>;
};

export function createResolutionCache(): ResolutionCache {
  const entries = new Map<string, Promise<Resolution>>();
  return {
    async get(key, { isCached, read }) {
      const known = isCached ? entries.get(key) : undefined;
      const resolution = known ?? read();
      entries.delete(key);
      entries.set(key, resolution);
      const [oldest] = entries.keys();
      if (entries.size > MAX_ENTRIES && oldest !== undefined) entries.delete(oldest);
      try {
        return await resolution;
      } catch (error) {
        if (entries.get(key) === resolution) entries.delete(key);
        throw error;
      }
    },
  };
}

/** Digest of all that resolving reads: instructions, files, arguments and base images. */
export async function cacheKey(
  { dockerfile, contexts, buildArgs }: Pick<BuildInputs, "dockerfile" | "contexts" | "buildArgs">,
  bases: Record<string, string>,
): Promise<string> {
  const names = contexts.map(({ name, directory }) => [name, basename(directory)]);
  const images = Object.entries(bases).sort(([a], [b]) => (a < b ? -1 : 1));
  const parts = [await readFile(dockerfile, "utf8"), names, Object.entries(buildArgs), images];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
