import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

import type { MadeList } from "./prepare.ts";
import type { DependencyPlan, LockFile } from "../dependencies/plan.ts";

const DIRECTORY = "lists";

/** Lists kept for one agent beside those that its versions were built from. */
const MAX_SPARE = 10;

const RECORD = "list.json";

type ListRecord = { file: LockFile; wheels: Record<string, string>; python?: string };

export type KeptLists = {
  /** Under which these very dependency files are kept; a version remembers it. */
  readonly name: string;
  /**
   * What was resolved and built before under `name`; undefined when nothing was. Without its wheels if they were built
   * for another Python.
   */
  find(name: string): Promise<MadeList | undefined>;
  keep(made: MadeList): Promise<void>;
};

/**
 * What was resolved or built for an agent's dependency files, so that building the same upload again, be it for a
 * rollback a year later, gives the same packages.
 */
export function keptLists(options: {
  /** The agent's own, made if it is not there; its parent is not, for then the agent has gone. */
  keepDir: string;
  plan: DependencyPlan;
  /** What else a built wheel depends on. */
  python: string;
  /** Digest of the upload where wheels hold its own code; empty where they do not. */
  code: string;
  /** Names of lists that the agent's versions were built from, however long ago. */
  inUse: () => string[];
}): KeptLists {
  const { keepDir, plan, python, code } = options;
  const directory = join(keepDir, DIRECTORY);
  const name = nameOf(plan, python, code);
  return {
    name,
    async find(wanted) {
      const path = join(directory, wanted);
      const text = await readFile(join(path, RECORD), "utf8").catch(() => undefined);
      if (text === undefined) return undefined;
      const record: ListRecord = JSON.parse(text);
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

    async keep(made) {
      const path = join(directory, name);
      const temporary = `${path}.${crypto.randomUUID()}`;
      for (const path of [keepDir, directory]) await mkdir(path).catch(unlessThere);
      try {
        await mkdir(temporary);
        for (const wheel of Object.values(made.wheels))
          await copyFile(wheel, join(temporary, basename(wheel)));
        await writeFile(join(temporary, made.lock.file), made.lock.text);
        const wheels = Object.entries(made.wheels).map(
          ([project, file]) => [project, basename(file)] as const,
        );
        const record: ListRecord = { file: made.lock.file, wheels: Object.fromEntries(wheels), python };
        await writeFile(join(temporary, RECORD), JSON.stringify(record));
        await rm(path, { recursive: true, force: true });
        await rename(temporary, path).catch(unlessThere);
      } finally {
        await rm(temporary, { recursive: true, force: true });
      }
      await prune(directory, new Set([name, ...options.inUse()]));
    },
  };
}

function nameOf(plan: DependencyPlan, python: string, code: string): string {
  const { lock, files, builds, dynamic, sdists, vendored, copies, compileFlags } = plan;
  const parts = JSON.stringify({
    lock,
    files,
    builds,
    dynamic,
    // Named as it was when agents were first kept, so that their directories are found.
    sources: sdists,
    vendored,
    copies,
    compileFlags,
    python,
    ...(code === "" ? {} : { code }),
  });
  return createHash("sha256").update(parts).digest("hex").slice(0, 32);
}

/** Of two that make the same at a time, the other was quicker. */
function unlessThere(error: unknown): void {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
}

async function prune(directory: string, inUse: Set<string>): Promise<void> {
  const spare = (await readdir(directory)).filter((name) => !inUse.has(name));
  const ages = await Promise.all(
    spare.map(async (name) => {
      // One that is being made has another name a moment later.
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
