import type { Standby } from "../agents/ownership/lease.ts";
import type { Clock } from "../lib/clock.ts";
import { RunnerError } from "../lib/errors.ts";

/** Pause before managers are asked again that did not answer, milliseconds. */
const RETRY_MS = 2_000;

export type Patience = {
  clock: Pick<Clock, "sleep">;
  /** Is told why it waits, each time. */
  onWait: (standby: Standby) => void;
  /** Ends the wait: somebody else has the agents, or the start is over. */
  signal: AbortSignal;
};

/**
 * Does a step of a start that asks a swarm's managers, again and again until they have answered: they may be choosing a
 * leader, and a start that ended for it would only be made again. `work` may be done more than once. What is not of the
 * swarm rejects at once.
 */
export async function untilAnswered<T>(
  work: () => Promise<T>,
  { clock, onWait, signal }: Patience,
): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof RunnerError)) throw error;
      signal.throwIfAborted();
      onWait({ reason: error.message });
      await clock.sleep(RETRY_MS, signal);
    }
  }
}
