import type { Engine } from "../../docker/types.ts";
import { messageOf } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { Holder, Life } from "../../model/holder.ts";
import { holderOf } from "./claim.ts";

type NeighbourParts = {
  engine: Pick<Engine, "claims">;
  runnerId: string;
  /** This process. */
  own: Holder;
  lifeOf: (holder: Holder) => Promise<Life>;
  log: Log;
};

/**
 * Names in the log the runners of this engine whose agents may get the same user ids, since both were given the same
 * range: each then counts what the kernel gives to a user with another's agent. Never rejects.
 */
export async function reportNeighbours({
  engine,
  runnerId,
  own,
  lifeOf,
  log,
}: NeighbourParts): Promise<void> {
  if (own.uids === undefined) return;
  try {
    for (const claim of await engine.claims()) {
      const holder = claim.runnerId === runnerId ? undefined : holderOf(claim);
      if (holder?.uids === undefined || !overlap(own.uids, holder.uids)) continue;
      if ((await lifeOf(holder)) === "ended") continue;
      log.warn(
        { runner: claim.runnerId, data_dir: holder.dataDir, uids: holder.uids.join("-") },
        "another runner of this engine gives agents user ids of the same range; set OKEN_UID_RANGE of one of them to another",
      );
    }
  } catch (error) {
    log.debug({ reason: messageOf(error) }, "could not look for other runners of this engine");
  }
}

type Range = readonly [first: number, last: number];

function overlap([first, last]: Range, [otherFirst, otherLast]: Range): boolean {
  return first <= otherLast && otherFirst <= last;
}
