import type { Clock } from "../../lib/clock.ts";
import { messageOf } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { OwnClaim } from "./claim.ts";
import type { Ownership } from "./ownership.ts";

/** Pause between two looks, milliseconds. Each starts one short process. */
const LOOK_EVERY_MS = 30_000;

type WatchParts = {
  claim: Pick<OwnClaim, "look">;
  ownership: Pick<Ownership, "change" | "isSuspended">;
  clock: Pick<Clock, "sleep">;
  log: Log;
};

/**
 * Looks again and again whether the engine still knows whose the agents are: to `docker volume prune --all` a claim is a
 * volume that nobody uses, and without it a copy of the data directory would start beside this runner. Where another
 * process has them, this one is told so by its claim, and ends. Ends when `signal` aborts.
 */
export async function watchClaim(
  { claim, ownership, clock, log }: WatchParts,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
    // Whoever takes over claims them next.
    if (signal.aborted || ownership.isSuspended) continue;
    try {
      const isThere = await ownership.change(() => claim.look());
      if (!isThere) log.warn("somebody removed this runner's claim from the engine; it is written anew");
    } catch (error) {
      log.debug({ reason: messageOf(error) }, "the claim was not looked at");
    }
  }
}
