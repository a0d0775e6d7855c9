import type { RunningContainer } from "../docker/types.ts";
import type { Clock } from "../lib/clock.ts";
import type { VersionRecord } from "../model/agent.ts";

/** Why the requests that are still inside an instance are cut off. */
export type CutOff = "replaced" | "stopped";

/** A container that serves, and the requests inside it. */
export type Instance = {
  readonly version: VersionRecord;
  readonly container: RunningContainer;
  /** `http://address:port` of the agent's server. */
  readonly origin: string;
  /** Requests inside. */
  readonly inFlight: number;
  /** When the last request ended, monotonic milliseconds; at first when the instance was made. */
  readonly lastUsed: number;
  /** False when as many requests are inside as the agent's `concurrency` allows. */
  hasFreeSlot(): boolean;
  enter(): void;
  leave(): void;
  /** Resolves when no request is inside, or when `signal` aborts. */
  empty(signal: AbortSignal): Promise<void>;
  /** `listener` is called when the instance ends with requests inside. Returns how to take it back. */
  onCutOff(listener: (why: CutOff) => void): () => void;
  cutOff(why: CutOff): void;
};

export function createInstance(options: {
  version: VersionRecord;
  container: RunningContainer;
  origin: string;
  clock: Pick<Clock, "monotonic">;
}): Instance {
  const { version, container, origin, clock } = options;
  const { concurrency } = version.manifest;
  const cutOffListeners = new Set<(why: CutOff) => void>();
  const emptyListeners = new Set<() => void>();
  let inFlight = 0;
  let lastUsed = clock.monotonic();

  return {
    version,
    container,
    origin,
    get inFlight() {
      return inFlight;
    },
    get lastUsed() {
      return lastUsed;
    },
    hasFreeSlot: () => inFlight < concurrency,
    enter() {
      inFlight += 1;
    },
    leave() {
      inFlight -= 1;
      lastUsed = clock.monotonic();
      if (inFlight === 0) for (const listener of emptyListeners) listener();
    },
    async empty(signal) {
      if (inFlight === 0 || signal.aborted) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      emptyListeners.add(resolve);
      signal.addEventListener("abort", () => resolve(), { once: true });
      await promise;
      emptyListeners.delete(resolve);
    },
    onCutOff(listener) {
      cutOffListeners.add(listener);
      return () => void cutOffListeners.delete(listener);
    },
    cutOff(why) {
      for (const listener of cutOffListeners) listener(why);
    },
  };
}
