import type { Clock } from "../../lib/clock.ts";
import type { ListedClaim } from "../../docker/types.ts";

/** How often the holder of a claim shows that it lives, milliseconds. Each time the managers write a log entry. */
export const BEAT_MS = 2_500;

/**
 * So long after the start of its last beat a holder changes nothing without another one, milliseconds: less than the
 * patience of others, by what a command that has begun may take.
 */
export const TRUST_MS = 6_500;

/** A holder without a beat for so long is taken for lost, milliseconds: four beats. */
export const PATIENCE_MS = 10_000;

/**
 * So long others wait with that after the managers were away, milliseconds: nobody could beat meanwhile, and a holder that
 * lives has tried again by then.
 */
export const RETURN_MS = 6_000;

/** What a runner that waits has seen of a claim. Its own clock alone counts: those of two hosts may differ. */
export type BeatWatch = {
  /** The managers have answered. Whether the holder of the claim has been silent for too long. */
  sees(claim: ListedClaim): boolean;
  /** The managers did not answer. */
  seesNothing(): void;
};

export function createBeatWatch(clock: Pick<Clock, "monotonic">): BeatWatch {
  let last: { beat: string; at: number } | undefined;
  /** Since when the managers answer. */
  let answering: number | undefined;
  let wereAway = false;
  return {
    sees({ name, beat }) {
      const now = clock.monotonic();
      answering ??= now;
      const seen = `${name} ${beat}`;
      if (last?.beat !== seen) last = { beat: seen, at: now };
      return now - last.at >= PATIENCE_MS && (!wereAway || now - answering >= RETURN_MS);
    },
    seesNothing() {
      wereAway = true;
      answering = undefined;
    },
  };
}
