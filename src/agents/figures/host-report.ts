import { readFile, statfs } from "node:fs/promises";
import { availableParallelism, freemem, loadavg, totalmem } from "node:os";

import { diskBudget } from "../../lib/disk-budget.ts";
import { VERSION } from "../../lib/version.ts";
import { AGENT_STATES } from "../../model/agent.ts";
import type { Count } from "../disk/count.ts";
import type { AgentParts } from "../parts.ts";

/** What is wrong, by part. */
export type Health = () => Promise<Record<string, string>>;

export type HostOptions = {
  dataDir: string;
  /** What the operator lets the runner have on a disk. */
  budgetBytes: number | undefined;
  /** The last count of what it has there. */
  latestCount: () => Count | undefined;
  maxBuilds: number;
  health: Health;
};

/** What the host has and how much of it is free, as `GET /host` answers it. */
export function createHostReport(
  { registry, builder, engine }: Pick<AgentParts, "registry" | "builder" | "engine">,
  { maxBuilds, health, ...where }: HostOptions,
) {
  let known: string | undefined;
  /** Asked once, and again after the engine was away: it may be another one then. */
  const engineVersion = async (isAway: boolean) => {
    known = isAway ? undefined : (known ?? (await engine.ping().catch(() => undefined))?.version);
    return known ?? null;
  };

  return async () => {
    const [checks, disk, memory] = await Promise.all([health(), diskOf(where), memoryNow()]);
    const states = registry.all().map(({ state }) => state);
    return {
      version: VERSION,
      started_at: new Date(performance.timeOrigin).toISOString(),
      status: Object.keys(checks).length === 0 ? ("ok" as const) : ("degraded" as const),
      checks,
      engine: { version: await engineVersion("engine" in checks) },
      cpus: { count: availableParallelism(), load_average: loadavg().map((load) => Number(load.toFixed(2))) },
      memory,
      disk,
      builds: { ...builder.builds(), limit: maxBuilds },
      agents: Object.fromEntries(
        AGENT_STATES.map((state) => [state, states.filter((it) => it === state).length]),
      ),
      runner: { memory_bytes: process.memoryUsage.rss() },
    };
  };
}

/** Null where the data directory cannot be looked at; the checks say why. */
async function diskOf({
  dataDir,
  budgetBytes,
  latestCount,
}: Pick<HostOptions, "dataDir" | "budgetBytes" | "latestCount">) {
  const found = await statfs(dataDir).catch(() => undefined);
  if (found === undefined) return null;
  const total = found.blocks * found.bsize;
  const counted = latestCount()?.disks.find(({ holds }) => holds.includes("runner"));
  return {
    total_bytes: total,
    free_bytes: found.bavail * found.bsize,
    budget_bytes: diskBudget(total, budgetBytes),
    own_bytes: counted?.own ?? null,
  };
}

/** What the kernel could give out: `freemem` leaves out what it would take from its caches. */
async function memoryNow() {
  const text = await readFile("/proc/meminfo", "utf8").catch(() => "");
  const kibibytes = /^MemAvailable:\s+(\d+) kB$/m.exec(text)?.[1];
  return {
    total_bytes: totalmem(),
    free_bytes: kibibytes === undefined ? freemem() : Number(kibibytes) * 1024,
  };
}
