import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";

/** In the environment of every docker command: by it the next start knows what a crash left. */
const OWNER_VARIABLE = "OKEN_RUNNER_ID";

/** A runner, and one run of it: from its start to its end. */
export type Owner = { runnerId: string; run: string };

export function ownerMark({ runnerId, run }: Owner): Record<string, string> {
  return { [OWNER_VARIABLE]: `${runnerId}/${run}` };
}

/** How long killed processes may take to go, milliseconds, and how often they are looked for. */
const GONE_TIMEOUT_MS = 5_000;
const LOOK_EVERY_MS = 10;

/**
 * Kills docker commands, with their plugins, that an earlier run of this runner did not live to end, and resolves when
 * they are gone; a build that its client leaves is stopped by the engine. Gives how many there were; none where there is
 * no `/proc`.
 */
export async function endOrphans(owner: Owner): Promise<number> {
  const orphans = await commandsBefore(owner);
  for (const pid of orphans) kill(pid);
  const deadline = performance.now() + GONE_TIMEOUT_MS;
  const remain = async () => orphans.length > 0 && (await commandsBefore(owner)).length > 0;
  while ((await remain()) && performance.now() < deadline) await Bun.sleep(LOOK_EVERY_MS);
  return orphans.length;
}

async function commandsBefore({ runnerId, run }: Owner): Promise<number[]> {
  const prefix = `${OWNER_VARIABLE}=${runnerId}/`;
  const names = await readdir("/proc").catch(() => []);
  const found = await Promise.all(
    names
      .filter((name) => /^\d+$/.test(name))
      .map(async (name) => {
        // Of another user's process, or one that has just ended, nothing is to be read.
        const environment = await readFile(join("/proc", name, "environ"), "utf8").catch(() => "");
        const mark = environment.split("\0").find((variable) => variable.startsWith(prefix));
        return mark !== undefined && mark !== prefix + run ? [Number(name)] : [];
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
