import type { Clock } from "../../lib/clock.ts";
import type { Count } from "./count.ts";

/** A count holds for whoever asks so soon after its end, milliseconds. It takes the engine seconds. */
const FRESH_MS = 10_000;

export type SharedCount = {
  /** One that is under way, or has just ended. */
  recent: () => Promise<Count>;
  /** One that begins now. */
  anew: () => Promise<Count>;
  latest: () => Count | undefined;
};

/** Those who ask while a count is under way, or soon after, share it. */
export function createSharedCount(count: () => Promise<Count>, clock: Pick<Clock, "monotonic">): SharedCount {
  let asked: { answer: Promise<Count>; endedAt: number } | undefined;
  let latest: Count | undefined;

  const run = async (onEnd: () => void) => {
    const counted = await count();
    latest = counted;
    onEnd();
    return counted;
  };

  const anew = () => {
    const asking = { answer: run(() => (asking.endedAt = clock.monotonic())), endedAt: Infinity };
    asked = asking;
    asking.answer.catch(() => {
      if (asked === asking) asked = undefined;
    });
    return asking.answer;
  };

  return {
    anew,
    latest: () => latest,
    recent: () =>
      asked !== undefined && clock.monotonic() - asked.endedAt < FRESH_MS ? asked.answer : anew(),
  };
}
