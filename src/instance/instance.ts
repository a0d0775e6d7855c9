import type { RunningContainer } from "../docker/types.ts";
import type { VersionRecord } from "../model/agent.ts";

/** Why those who are still inside an instance are cut off. */
export type CutOff = "replaced" | "stopped";

/** A container that serves, and how many requests are inside it. */
export type Instance = {
  readonly version: VersionRecord;
  readonly container: RunningContainer;
  /** `http://address:port` of the agent's server. */
  readonly origin: string;
  inFlight: number;
  /** Monotonic milliseconds of the last request's end. */
  lastUsed: number;
  /** Called when the last request has left. */
  onEmpty: (() => void) | undefined;
  /** Called before the container is stopped with them inside: WebSockets, which can be told. */
  readonly onCutOff: Set<(why: CutOff) => void>;
};
