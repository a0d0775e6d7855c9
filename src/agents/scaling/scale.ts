import type { ReplicaLimits } from "../../model/manifest.ts";

/** What is known of an agent that runs. Times are milliseconds. */
export type Demand = {
  limits: ReplicaLimits;
  /** Its instances, those that start among them. */
  count: number;
  /** One at a time: what it does for the queue is not known before. */
  isStarting: boolean;
  /** How long the invoke has waited that waits longest; undefined if none does. */
  waitedMs: number | undefined;
  /** How long a start takes. */
  startMs: number;
  /** Until the next start may be tried. */
  heldBackMs: number;
  /** How long each instance beside the first one has been unused; 0 for one that is in use. */
  unusedMs: readonly number[];
  /** After how long an unused one leaves. */
  leaveAfterMs: number;
};

export type Decision = {
  start: boolean;
  /** How many leave, the longest unused first. */
  leave: number;
  /** When to look again though nothing has happened; undefined if only an event changes anything. */
  againMs: number | undefined;
};

/**
 * Whether an agent should have more instances or fewer. One more when there are fewer than `min`, or when an invoke has
 * waited for longer than it would take to start one: then the queue does not go away by itself.
 */
export function scale(demand: Demand): Decision {
  const { limits, count, isStarting, waitedMs, startMs, heldBackMs } = demand;
  const missing = count < limits.min;
  const mayGrow = count < limits.max && !isStarting && (missing || waitedMs !== undefined);
  const waitMs = Math.max(missing ? 0 : startMs - (waitedMs ?? 0), heldBackMs);
  const unused = demand.unusedMs.filter((ms) => ms >= demand.leaveAfterMs).length;
  const surplus = Math.max(0, count - limits.min);
  return {
    start: mayGrow && waitMs <= 0,
    leave: waitedMs === undefined ? Math.min(unused, surplus) : 0,
    againMs: mayGrow && waitMs > 0 ? waitMs : undefined,
  };
}
