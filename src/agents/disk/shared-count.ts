import type { Clock } from "../../lib/clock.ts";
import type { Count } from "./count.ts";

/** A count holds for whoever asks so soon after, milliseconds. It takes the engine seconds. */
const FRESH_MS = 10_000;

export type SharedCount = {
  /** One that was begun in the last seconds. */
  recent: () => Promise<Count>;
  /** One that begins now. */
  anew: () => Promise<Count>;
  latest: () => Count | undefined;
};

/** Those who ask while a count is under way, or soon after, share it. */
export function createSharedCount(count: () => Promise<Count>, clock: Pick<Clock, "monotonic">): SharedCount {
  let asked: { at: number; answer: Promise<Count> } | undefined;
  let latest: Count | undefined;

  const anew = () => {
    const asking = { at: clock.monotonic(), answer: count() };
    asked = asking;
    asking.answer.then(
      (counted) => (latest = counted),
      () => {
        if (asked === asking) asked = undefined;
      },
    );
    return asking.answer;
  };

  return {
    anew,
    latest: () => latest,
    recent: () => (asked !== undefined && clock.monotonic() - asked.at < FRESH_MS ? asked.answer : anew()),
  };
}
