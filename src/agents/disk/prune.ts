import type { Count } from "./count.ts";
import { type Chosen, decide } from "./decide.ts";
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
    count = await parts.count();
  }
  return { removed, after: count };
}

/** What a pass would begin with. */
export function chosenOf({ disks, entries }: Count, marks: Marks): Chosen[] {
  return decide(
    entries,
    disks.map((disk) => ({ holds: disk.holds, bytes: neededBytes(disk, marks) })),
  );
}
