import type { RunnerError } from "../../lib/errors.ts";
import type { DeploymentEnd } from "../../model/events.ts";
import type { Recorded } from "./event-log.ts";
import type { DeployEvent, DeployResult } from "./types.ts";

export type DeploymentState = "running" | DeploymentEnd;

export type DeploymentEvent =
  DeployEvent | { type: "result"; result: DeployResult } | { type: "error"; error: RunnerError };

/** One deploy. It can be watched from any of its events, and cancelled. */
export type Deployment = {
  readonly agentId: string;
  /** Counts up from 1 for each agent, failed ones included. */
  readonly number: number;
  /** Wall clock, milliseconds. */
  readonly createdAt: number;
  readonly state: DeploymentState;
  readonly finishedAt: number | undefined;
  /** What it came to; rejects when it failed or was cancelled. */
  readonly done: Promise<DeployResult>;
  events(): readonly Recorded<DeploymentEvent>[];
  /** All events after `after`, then new ones as they come; ends after the result or error. */
  follow(after: number, signal: AbortSignal): AsyncIterable<Recorded<DeploymentEvent>>;
  /** Ends it, if it has not ended, and waits until it has cleaned up. */
  cancel(): Promise<void>;
};
