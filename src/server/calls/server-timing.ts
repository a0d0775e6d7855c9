import type { TakenSlot } from "../../agents/calls/pool.ts";

export const SERVER_TIMING = "server-timing";

/**
 * Where the time of an invoke went, in milliseconds (https://www.w3.org/TR/server-timing/): `queue` until its turn came,
 * `start` until the agent had started, `run` until the agent's answer, or the head of one that streams.
 */
export function serverTiming(
  { since, startMs }: Pick<TakenSlot, "since" | "startMs">,
  { arrivedAt, answeredAt }: { arrivedAt: number; answeredAt: number },
): string {
  const queueMs = since - arrivedAt - startMs;
  return `queue;dur=${tenths(queueMs)}, start;dur=${tenths(startMs)}, run;dur=${tenths(answeredAt - since)}`;
}

/** Rounded, and never negative. */
function tenths(ms: number): number {
  return Math.max(0, Math.round(ms * 10)) / 10;
}
