import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";

import type { Log } from "../../lib/log.ts";

/** Set for every docker command, so that the next start finds the commands that a crash left running. */
const OWNER_VARIABLE = "OKEN_RUNNER_ID";

/** A runner, and one run of it: from its start to its end. */
export type Owner = { runnerId: string; run: string };

export function ownerMark({ runnerId, run }: Owner): Record<string, string> {
  return { [OWNER_VARIABLE]: `${runnerId}/${run}` };
}

/** How long killed processes may take to end, and the pause between two looks, milliseconds. */
const GONE_TIMEOUT_MS = 5_000;
const LOOK_EVERY_MS = 10;

/**
 * Kills the docker commands, and their plugins, that an earlier run of this runner left, and that none of the `spared`
 * runs needs, which hand over to this one. The engine then stops their builds. Resolves when they are gone, with their
 * number. Without `/proc` it finds none.
 */
export async function endOrphans(owner: Owner, spared: readonly string[] = []): Promise<number> {
  const orphans = await commandsBefore(owner, spared);
  for (const pid of orphans) kill(pid);
  const deadline = performance.now() + GONE_TIMEOUT_MS;
  const remain = async () => orphans.length > 0 && (await commandsBefore(owner, spared)).length > 0;
  while ((await remain()) && performance.now() < deadline) await Bun.sleep(LOOK_EVERY_MS);
  return orphans.length;
}

async function commandsBefore({ runnerId, run }: Owner, spared: readonly string[]): Promise<number[]> {
  const prefix = `${OWNER_VARIABLE}=${runnerId}/`;
  const kept = new Set([run, ...spared].map((it) => prefix + it));
  const names = await readdir("/proc").catch(() => []);
  const found = await Promise.all(
    names
      .filter((name) => /^\d+$/.test(name))
      .map(async (name) => {
        // Unreadable if the process is another user's, or has just ended.
        const environment = await readFile(join("/proc", name, "environ"), "utf8").catch(() => "");
        const mark = environment.split("\0").find((variable) => variable.startsWith(prefix));
        return mark !== undefined && !kept.has(mark) ? [Number(name)] : [];
      }),
  );
  return found.flat();
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** Ends what a crash left running, so that the look at the engine does not see it. Says how many. Never rejects. */
export async function clearOrphans(
  owner: Owner,
  { log, spared }: { log: Log; spared: readonly string[] },
): Promise<number> {
  try {
    const processes = await endOrphans(owner, spared);
    if (processes > 0) log.info({ processes }, "ended docker commands that a crash had left running");
    return processes;
  } catch (error) {
    log.error({ err: error }, "could not end docker commands that a crash had left running");
    return 0;
  }
}
