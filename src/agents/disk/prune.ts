import type { Count } from "./count.ts";
import { type Chosen, type Need, decide } from "./decide.ts";
import { type Marks, neededBytes } from "./marks.ts";
import { type RemoveParts, type Removed, removeChosen } from "./remove.ts";

/** Rounds of one pass. The layers of an image that was removed may be in the build cache still, which the next one sees. */
const MAX_ROUNDS = 4;

/** How long one pass goes on with removals, milliseconds. */
const PASS_MS = 120_000;

export type Pruned = { removed: Removed[]; after: Count };

/** Removes what makes room, until every disk is well or nothing more may go. */
export async function prune(
  parts: RemoveParts & { count: () => Promise<Count> },
  marks: Marks,
): Promise<Pruned> {
  const deadline = parts.clock.monotonic() + PASS_MS;
  const isOver = () => parts.clock.monotonic() > deadline;
  const removed: Removed[] = [];
  let count = await parts.count();
  for (let round = 0; round < MAX_ROUNDS && !isOver(); round += 1) {
    const chosen = chosenOf(count, marks);
    const gone = chosen.length === 0 ? [] : await removeChosen(parts, chosen, isOver);
    if (gone.length === 0) break;
    removed.push(...gone);
    // Leavings alone: it is known what is there now, and a count takes the engine seconds.
    if (!isRoomNeeded(count, marks)) return { removed, after: without(count, gone) };
    count = await parts.count();
  }
  return { removed, after: count };
}

/** What a pass would begin with. */
export function chosenOf(count: Count, marks: Marks): Chosen[] {
  return decide(count.entries, needsOf(count, marks));
}

function isRoomNeeded(count: Count, marks: Marks): boolean {
  return needsOf(count, marks).some(({ bytes }) => bytes > 0);
}

function needsOf({ disks }: Count, marks: Marks): Need[] {
  return disks.map((disk) => ({ holds: disk.holds, bytes: neededBytes(disk, marks) }));
}

function without({ at, disks, entries }: Count, gone: Removed[]): Count {
  const removed = new Set(gone.map(({ chosen }) => chosen.candidate.removal));
  return {
    at,
    entries: entries.filter(({ candidate }) => candidate === undefined || !removed.has(candidate.removal)),
    disks: disks.map((disk) => {
      const here = gone.filter(({ chosen }) => disk.holds.includes(chosen.place));
      const freed = here.reduce((sum, it) => sum + it.freed, 0);
      return Object.assign({}, disk, { own: disk.own - freed, free: disk.free + freed });
    }),
  };
}
