import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";

import type { BuildInputs } from "../docker/types.ts";

/** In memory; each is some kilobytes. */
const MAX_ENTRIES = 200;

/**
 * What stages of builds made, in memory. Reading it out of BuildKit takes a build of its own, which is spared where
 * BuildKit had done the stage before.
 */
export type StageCache<T> = {
  /** What the stage of this key made: what is known if BuildKit had it cached, otherwise what `read` gives. */
  get(key: string, build: { isCached: boolean; read: () => Promise<T> }): Promise<T>;
};

export function createStageCache<T>(): StageCache<T> {
  const entries = new Map<string, Promise<T>>();
  return {
    async get(key, { isCached, read }) {
      const known = isCached ? entries.get(key) : undefined;
      const made = known ?? read();
      entries.delete(key);
      entries.set(key, made);
      const [oldest] = entries.keys();
      if (entries.size > MAX_ENTRIES && oldest !== undefined) entries.delete(oldest);
      try {
        return await made;
      } catch (error) {
        if (entries.get(key) === made) entries.delete(key);
        throw error;
      }
    },
  };
}

/** Digest of all that the stages before the code read: instructions, files, arguments and base images. */
export async function cacheKey(
  { dockerfile, contexts, buildArgs }: Pick<BuildInputs, "dockerfile" | "contexts" | "buildArgs">,
  bases: Record<string, string>,
): Promise<string> {
  const names = contexts.map(({ name, directory }) => [name, basename(directory)]);
  const images = Object.entries(bases).sort(([a], [b]) => (a < b ? -1 : 1));
  const parts = [await readFile(dockerfile, "utf8"), names, Object.entries(buildArgs), images];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
