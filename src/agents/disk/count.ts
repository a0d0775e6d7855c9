import { join } from "node:path";

import { once } from "../../lib/once.ts";
import type { AgentParts } from "../parts.ts";
import { agentUse } from "./agent-use.ts";
import type { Entry } from "./entry.ts";
import { bytesOf } from "./files.ts";
import { inventoryOf } from "./inventory.ts";
import type { DiskUse } from "./marks.ts";
import { createOwnFiles } from "./own-files.ts";
import { type DiskSpace, disksOf } from "./place.ts";

export type CountParts = Pick<AgentParts, "engine" | "registry" | "names" | "clock">;

export type Count = {
  /** Wall clock, milliseconds. */
  at: number;
  disks: DiskUse[];
  entries: Entry[];
};

/** Counts all that the runner has made, on its own disk and on the engine's. */
export type Counting = {
  count(): Promise<Count>;
  /** The disks alone, which costs nothing. While the engine has not answered yet there is the runner's own. */
  disks(): Promise<DiskSpace[]>;
};

export type CountOptions = {
  dataDir: string;
  /** What the disks have; by default as the system tells it. */
  look?: typeof disksOf;
};

export function createCounting(parts: CountParts, { dataDir, look = disksOf }: CountOptions): Counting {
  const { engine, registry, names, clock } = parts;
  const ownFiles = createOwnFiles(dataDir);
  let root: string | undefined;
  const engineRoot = once(async () => (root = await engine.storageRoot()));
  const disks = () => {
    // A deploy need not wait for it.
    engineRoot().catch(() => undefined);
    return look(dataDir, root);
  };
  return {
    disks,
    async count() {
      const place = await engineRoot();
      const [usage, files] = await Promise.all([engine.diskUsage(), ownFiles()]);
      const logs = await logsOf(place, usage.containers);
      const now = clock.now();
      const agents = registry.all().map((agent) => agentUse(agent, { names, now }));
      const entries = inventoryOf({ agents, engine: usage, logs, files, now });
      return {
        at: now,
        entries,
        disks: (await disks()).map((disk) => withOwn(disk, entries)),
      };
    },
  };
}

function withOwn(disk: DiskSpace, entries: Entry[]): DiskUse {
  const here = entries.filter(({ place }) => disk.holds.includes(place));
  return { ...disk, own: here.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** The engine does not count them. Where its directory cannot be read there are none. */
async function logsOf(root: string, containers: { id: string }[]): Promise<Map<string, number>> {
  const found = await Array.fromAsync(containers, async ({ id }) => {
    const bytes = await bytesOf(join(root, "containers", id)).catch(() => 0);
    return [id, bytes] as const;
  });
  return new Map(found);
}
