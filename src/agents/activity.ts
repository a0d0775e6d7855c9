import type { Instance } from "../instance/instance.ts";
import type { RunnerError } from "../lib/errors.ts";
import type { AgentState } from "../model/agent.ts";

/** A start under way, which all who wait for the agent share. */
export type Start = {
  /** Resolves when it has succeeded, failed or been ended, and has cleaned up. */
  done: Promise<void>;
  /** Ends it: something else holds now. */
  end(reason: RunnerError): void;
};

/** What an agent is doing. */
export type Activity =
  /** Its container is stopped or gone; the next invoke wakes it. `stopping` resolves when the container has stopped. */
  | { state: "idle"; stopping: Promise<void> }
  | { state: "starting"; start: Start }
  | { state: "running"; instance: Instance }
  /** Its container is frozen; the next invoke wakes it. `pausing` resolves when the engine has frozen it, or could not. */
  | { state: "paused"; instance: Instance; pausing: Promise<void> }
  /** By request. */
  | { state: "stopped" }
  /** Its last start failed, or it does not stay up. An invoke may start it when its wait is over; see `backoff`. */
  | { state: "error" };

export const ASLEEP: Activity = { state: "idle", stopping: Promise.resolve() };

/** Of an agent that is not known yet, whose first version has just started. */
export const FIRST_START: Activity = {
  state: "starting",
  start: { done: Promise.resolve(), end: () => undefined },
};

/** `running` to `running` is the flip of a redeploy, `running` to `starting` the gap of one that may not overlap. */
const MOVES: Record<AgentState, readonly AgentState[]> = {
  idle: ["starting", "running", "paused", "stopped"],
  starting: ["running", "idle", "stopped", "error"],
  running: ["running", "starting", "paused", "idle", "stopped", "error"],
  paused: ["starting", "running", "idle", "stopped", "error"],
  stopped: ["starting", "running"],
  error: ["starting", "running", "stopped"],
};

/** Resolves when the engine has done what it was last told about the agent's container. */
export function settled(activity: Activity): Promise<void> {
  if (activity.state === "idle") return activity.stopping;
  return activity.state === "paused" ? activity.pausing : Promise.resolve();
}

export function isLegalMove(from: AgentState, to: AgentState): boolean {
  return MOVES[from].includes(to);
}
