import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";

import type { BuildEvent, BuildInputs } from "../docker/types.ts";
import type { MadeList } from "./prepare.ts";

/** Lists remembered; each is some kilobytes. */
const KEPT = 200;

/**
 * What builds resolved, so that one which finds the step done already need not have BuildKit write its list out again:
 * that is a build of its own.
 */
export type ResolvedLists = {
  /** The list of this key: remembered, where the build found it `cached`, else as `read` gives it. */
  get(key: string, build: { cached: boolean; read: () => Promise<MadeList> }): Promise<MadeList>;
};

export function createResolvedLists(): ResolvedLists {
  const lists = new Map<string, Promise<MadeList>>();
  return {
    async get(key, { cached, read }) {
      const known = cached ? lists.get(key) : undefined;
      const list = known ?? read();
      lists.delete(key);
      lists.set(key, list);
      const [oldest] = lists.keys();
      if (lists.size > KEPT && oldest !== undefined) lists.delete(oldest);
      try {
        return await list;
      } catch (error) {
        if (lists.get(key) === list) lists.delete(key);
        throw error;
      }
    },
  };
}

/** Made of all that a resolution reads: instructions, files, arguments and base images. */
export async function resolutionKey(
  { dockerfile, contexts, buildArgs }: Pick<BuildInputs, "dockerfile" | "contexts" | "buildArgs">,
  bases: Record<string, string>,
): Promise<string> {
  const names = contexts.map(({ name, directory }) => [name, basename(directory)]);
  const images = Object.entries(bases).sort(([a], [b]) => (a < b ? -1 : 1));
  const parts = [await readFile(dockerfile, "utf8"), names, Object.entries(buildArgs), images];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** True for the event that says that the step which resolves was found done. */
export function isCachedResolution(event: BuildEvent): boolean {
  return event.type === "step" && event.status === "cached" && /^\[resolve .* RUN /.test(event.name);
}
