import { constants } from "node:fs";
import { access, statfs } from "node:fs/promises";

import { messageOf } from "../lib/errors.ts";
import type { AgentParts } from "./parts.ts";

/** How long an answer about the engine holds, milliseconds. Asking starts two processes. */
const FRESH_MS = 2_000;

/** How long a look waits for the runner's own start to end, milliseconds. */
const RECONCILING_MS = 5_000;

/** Free bytes below which a deploy would soon fail. */
const DISK_FLOOR = 64 * 1024 * 1024;

export type Health = { agentsRunning: number; checks: Record<string, string> };

/** Checks what the runner cannot do without: the engine, its network and the disk. Callers share one look. */
export function checkHealth(
  { engine, registry, clock }: Pick<AgentParts, "engine" | "registry" | "clock">,
  { dataDir, reconciled }: { dataDir: string; reconciled: Promise<void> },
): () => Promise<Health> {
  let latest: Promise<Record<string, string>> | undefined;
  let takenAt = 0;

  const look = async () => {
    // Until then the network may not have been made.
    await Promise.race([reconciled, clock.sleep(RECONCILING_MS)]);
    const results = await Promise.all([
      failure("engine", async () => void (await engine.ping())),
      failure("network", async () => {
        if (!(await engine.networkExists()))
          throw new Error("the agents' network is missing; the next start makes it anew");
        const containment = await engine.containment();
        if (containment.state === "open") throw new Error(containment.why);
      }),
      failure("disk", () => checkDisk(dataDir)),
    ]);
    return Object.fromEntries(results.flatMap((result) => Object.entries(result)));
  };

  return async () => {
    const now = clock.monotonic();
    if (latest === undefined || now - takenAt > FRESH_MS) {
      takenAt = now;
      latest = look();
    }
    const agentsRunning = registry.all().filter(({ state }) => state === "running").length;
    return { agentsRunning, checks: await latest };
  };
}

async function failure(part: string, check: () => Promise<void>): Promise<Record<string, string>> {
  try {
    await check();
    return {};
  } catch (error) {
    return { [part]: messageOf(error) };
  }
}

async function checkDisk(dataDir: string): Promise<void> {
  await access(dataDir, constants.W_OK);
  const { bavail, bsize } = await statfs(dataDir);
  const free = bavail * bsize;
  if (free < DISK_FLOOR)
    throw new Error(`only ${Math.floor(free / 1024 / 1024)} MiB are free in the data directory`);
}
