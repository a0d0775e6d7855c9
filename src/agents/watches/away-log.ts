import type { Clock } from "../../lib/clock.ts";
import { messageOf } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";

/** An engine that stays away is named again after this long, milliseconds: it is asked each second. */
const REPEAT_MS = 300_000;

/** Says in the log that the engine is away: at first, when the reason changes, now and then, and when it is back. */
export function createAwayLog({ log, clock }: { log: Log; clock: Clock }) {
  let told: { reason: string; at: number } | undefined;
  return {
    away(error: unknown): void {
      const reason = messageOf(error);
      const now = clock.monotonic();
      if (told?.reason === reason && now - told.at < REPEAT_MS) return;
      told = { reason, at: now };
      log.warn({ reason }, "the engine does not answer; agents that run keep running");
    },
    back(): void {
      if (told !== undefined) log.info("the engine answers again");
      told = undefined;
    },
  };
}
