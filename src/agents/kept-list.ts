import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

import type { DependencyPlan, LockFile, MadeList } from "../source/dependencies/index.ts";

/** Lists kept for one agent: those of the versions that can be rolled back to, and a few to spare. */
const MAX_KEPT = 10;

const RECORD = "list.json";

type ListRecord = { file: LockFile; wheels: Record<string, string> };

export type KeptLists = {
  /** What was made of these very dependency files before; undefined when nothing was. */
  find(): Promise<MadeList | undefined>;
  keep(made: MadeList): Promise<void>;
};

/**
 * What was resolved or built for an agent's dependency files, so that building the same upload again, be it for a
 * rollback a year later, gives the same packages.
 */
export function keptLists(options: {
  directory: string;
  plan: DependencyPlan;
  /** What else a built wheel depends on. */
  python: string;
}): KeptLists {
  const { plan, python } = options;
  const path = join(options.directory, keyOf(plan, python));
  return {
    async find() {
      const text = await readFile(join(path, RECORD), "utf8").catch(() => undefined);
      if (text === undefined) return undefined;
      const record: ListRecord = JSON.parse(text);
      const now = new Date();
      await utimes(path, now, now);
      const wheels = Object.entries(record.wheels).map(([name, file]) => [name, join(path, file)] as const);
      return {
        lock: { file: record.file, text: await readFile(join(path, record.file), "utf8") },
        wheels: Object.fromEntries(wheels),
      };
    },

    async keep(made) {
      const temporary = `${path}.${crypto.randomUUID()}`;
      await mkdir(temporary, { recursive: true });
      for (const wheel of Object.values(made.wheels)) await copyFile(wheel, join(temporary, basename(wheel)));
      await writeFile(join(temporary, made.lock.file), made.lock.text);
      const wheels = Object.entries(made.wheels).map(([name, file]) => [name, basename(file)] as const);
      const record: ListRecord = { file: made.lock.file, wheels: Object.fromEntries(wheels) };
      await writeFile(join(temporary, RECORD), JSON.stringify(record));
      await rm(path, { recursive: true, force: true });
      await rename(temporary, path);
      await prune(options.directory);
    },
  };
}

function keyOf(plan: DependencyPlan, python: string): string {
  const { lock, files, builds, dynamic, sources, vendored, copies, compileFlags } = plan;
  const parts = JSON.stringify({
    lock,
    files,
    builds,
    dynamic,
    sources,
    vendored,
    copies,
    compileFlags,
    python,
  });
  return createHash("sha256").update(parts).digest("hex").slice(0, 32);
}

async function prune(directory: string): Promise<void> {
  const names = await readdir(directory);
  const aged = await Promise.all(
    names.map(async (name) => ({ name, at: (await stat(join(directory, name))).mtimeMs })),
  );
  const surplus = aged.sort((a, b) => b.at - a.at).slice(MAX_KEPT);
  await Promise.all(surplus.map(({ name }) => rm(join(directory, name), { recursive: true, force: true })));
}
