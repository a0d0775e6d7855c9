import { copyFile, mkdir, readFile, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import type { LockFile } from "../dependencies/plan.ts";
import { unlessThere } from "./files.ts";

/** What dependency files were resolved to. */
export type Resolution = {
  lock: { file: LockFile; text: string };
  /** Wheels that were built from source for it: canonical names to paths on this host. */
  wheels: Record<string, string>;
};

/** Resolutions kept for one agent besides those of its versions. */
const MAX_SPARE = 10;

/** The name that the first runners gave it, so that their resolutions are found. */
const RECORD = "list.json";

type ResolutionRecord = { file: LockFile; wheels: Record<string, string>; python?: string };

/** An agent's resolutions on disk, so that a version that is built again, even a year later, gets the same packages. */
export type Resolutions = {
  /** Undefined when there is none. Wheels that were built for another Python are left out. */
  find(key: string): Promise<Resolution | undefined>;
  keep(key: string, resolution: Resolution): Promise<void>;
};

export function openResolutions(options: {
  /** Made when it is needed, with its parent. Its grandparent is not: where that is missing, the agent is gone. */
  directory: string;
  /** The Python that wheels are built for. */
  python: string;
  /** Keys of the agent's versions. Theirs are kept however old they are. */
  keysInUse: () => string[];
}): Resolutions {
  const { directory, python } = options;
  return {
    async find(key) {
      const path = join(directory, key);
      const text = await readFile(join(path, RECORD), "utf8").catch(() => undefined);
      if (text === undefined) return undefined;
      const record: ResolutionRecord = JSON.parse(text);
      const now = new Date();
      await utimes(path, now, now);
      const fits = record.python === undefined || record.python === python;
      const wheels = Object.entries(fits ? record.wheels : {}).map(
        ([project, file]) => [project, join(path, file)] as const,
      );
      return {
        lock: { file: record.file, text: await readFile(join(path, record.file), "utf8") },
        wheels: Object.fromEntries(wheels),
      };
    },

    async keep(key, resolution) {
      const path = join(directory, key);
      const temporary = `${path}.${crypto.randomUUID()}`;
      for (const each of [dirname(directory), directory]) await mkdir(each).catch(unlessThere);
      try {
        await mkdir(temporary);
        await writeResolution(temporary, resolution, python);
        await rm(path, { recursive: true, force: true });
        // When two builds keep the same resolution at once, the first one counts.
        await rename(temporary, path).catch(unlessThere);
      } finally {
        await rm(temporary, { recursive: true, force: true });
      }
      await prune(directory, new Set([key, ...options.keysInUse()]));
    },
  };
}

async function writeResolution(
  directory: string,
  { lock, wheels }: Resolution,
  python: string,
): Promise<void> {
  for (const wheel of Object.values(wheels)) await copyFile(wheel, join(directory, basename(wheel)));
  await writeFile(join(directory, lock.file), lock.text);
  const names = Object.entries(wheels).map(([project, file]) => [project, basename(file)] as const);
  const record: ResolutionRecord = { file: lock.file, wheels: Object.fromEntries(names), python };
  await writeFile(join(directory, RECORD), JSON.stringify(record));
}

/** Removes the oldest resolutions that no version asks for. */
async function prune(directory: string, inUse: Set<string>): Promise<void> {
  const spare = (await readdir(directory)).filter((name) => !inUse.has(name));
  const ages = await Promise.all(
    spare.map(async (name) => {
      // One that is being written is renamed a moment later.
      const stats = await stat(join(directory, name)).catch(() => undefined);
      return stats === undefined ? [] : [{ name, at: stats.mtimeMs }];
    }),
  );
  const surplus = ages
    .flat()
    .sort((a, b) => b.at - a.at)
    .slice(MAX_SPARE);
  await Promise.all(surplus.map(({ name }) => rm(join(directory, name), { recursive: true, force: true })));
}
