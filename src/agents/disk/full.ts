import { RunnerError } from "../../lib/errors.ts";
import { showBytes } from "../../lib/bytes.ts";
import type { Count } from "./count.ts";
import { type DiskUse, type Marks, budgetOf, statusOf } from "./marks.ts";
import { largestOf } from "./report.ts";

/** How many of the largest things the sentence names. */
const NAMED = 3;

/** DISK_FULL, with what takes the most room there. */
export function diskFull(disk: DiskUse, { count, marks }: { count: Count; marks: Marks }): RunnerError {
  const budget = budgetOf(disk, marks);
  const status = statusOf(disk, marks);
  const why =
    status === "over_budget"
      ? `this runner has ${showBytes(disk.own)} there, and may have ${showBytes(budget)} (OKEN_DISK_BUDGET)`
      : `${showBytes(disk.free)} are free there, and ${showBytes(marks.floorBytes)} must stay free (OKEN_MIN_FREE_BYTES)`;
  const largest = largestOf(count.entries.filter(({ place }) => disk.holds.includes(place)));
  const named = largest.slice(0, NAMED).map(({ name, agentId, bytes }) => {
    const owner = agentId === undefined ? "" : ` of agent ${agentId}`;
    return `${name}${owner} (${showBytes(bytes)})`;
  });
  const most = named.length === 0 ? "" : ` What takes the most: ${named.join(", ")}.`;
  return new RunnerError(
    "DISK_FULL",
    `The disk of ${disk.path} is full: ${why}, and nothing more can be removed without harm. Remove agents, or give it more room.${most}`,
    {
      details: {
        disk: disk.path,
        status,
        own_bytes: disk.own,
        budget_bytes: budget,
        free_bytes: disk.free,
        floor_bytes: marks.floorBytes,
        largest: largest.map(({ part, name, agentId, bytes }) => ({
          part,
          name,
          agent_id: agentId ?? null,
          bytes,
        })),
      },
    },
  );
}
