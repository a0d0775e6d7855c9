import type { Count } from "./count.ts";
import { type Entry, PARTS } from "./entry.ts";
import { type Marks, budgetOf, statusOf } from "./marks.ts";
import type { Pruned } from "./prune.ts";

/** How many of the largest things are named. */
const MAX_LARGEST = 10;

const CACHE = "BuildKit's cache of agents' builds";

/** A count, as `GET /disk` answers it. */
export function reportOf(count: Count, marks: Marks) {
  const { at, entries } = count;
  return {
    counted_at: new Date(at).toISOString(),
    disks: disksOf(count, marks),
    parts: PARTS.map((part) => {
      const own = entries.filter((entry) => entry.part === part);
      return {
        part,
        count: own.length,
        bytes: sumOf(own),
        in_use_bytes: sumOf(own.filter(({ isInUse }) => isInUse)),
      };
    }),
    largest: largestOf(entries).map(({ part, name, agentId, bytes, isInUse }) => ({
      part,
      name,
      agent_id: agentId ?? null,
      bytes,
      in_use: isInUse,
    })),
  };
}

function disksOf({ disks }: Count, marks: Marks) {
  return disks.map((disk) => ({
    path: disk.path,
    holds: disk.holds,
    total_bytes: disk.total,
    free_bytes: disk.free,
    own_bytes: disk.own,
    budget_bytes: budgetOf(disk, marks),
    floor_bytes: marks.floorBytes,
    status: statusOf(disk, marks),
  }));
}

/** The largest things by the names that people know. The build cache is one: its records have no names. */
export function largestOf(entries: readonly Entry[], most = MAX_LARGEST): Entry[] {
  const named = entries.filter(({ part }) => part !== "build_cache");
  const cache = entries.filter(({ part }) => part === "build_cache");
  const whole: Entry = {
    part: "build_cache",
    place: "engine",
    name: CACHE,
    bytes: sumOf(cache),
    isInUse: false,
  };
  return [...named, whole]
    .filter(({ bytes }) => bytes > 0)
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, most);
}

function sumOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** What went, or would go, as `POST /disk/prune` answers it. */
export function pruneReport({ removed, after }: Pruned, { marks, isDry }: { marks: Marks; isDry: boolean }) {
  const cache = removed.filter(({ chosen }) => chosen.part === "build_cache");
  const others = removed.filter(({ chosen }) => chosen.part !== "build_cache");
  return {
    dry_run: isDry,
    freed_bytes: freedOf(removed),
    removed: [
      ...others.map(({ chosen, freed }) => ({
        part: chosen.part,
        name: chosen.name,
        agent_id: chosen.agentId ?? null,
        count: 1,
        bytes: freed,
      })),
      ...(cache.length === 0
        ? []
        : [
            {
              part: "build_cache" as const,
              name: CACHE,
              agent_id: null,
              count: cache.length,
              bytes: freedOf(cache),
            },
          ]),
    ],
    disks: disksOf(after, marks),
  };
}

function freedOf(removed: Pruned["removed"]): number {
  return removed.reduce((sum, { freed }) => sum + freed, 0);
}
