import type { Clock } from "../lib/clock.ts";
import type { Engine } from "../docker/types.ts";
import { messageOf } from "../lib/errors.ts";
import type { Log } from "../lib/log.ts";

/** Longest that a start has all of the host's CPUs, milliseconds. AWS Lambda's initialisation has as long. */
const LONGEST_MS = 10_000;

/** Pauses before a limit that could not be set is tried again, milliseconds. */
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;

/** An agent's container, and the CPUs that it may use. */
type Limited = { id: string; name: string; cpus: number };

/**
 * Gives a start all of the host's CPUs, and the agent its own once it is ready. Loading a program is mostly work: with one
 * CPU it takes half as long again.
 */
export type CpuBoost = {
  /** Of a container that has just been started. */
  begin(container: Limited): { ready(): void; failed(): void };
  /** Limits a container to its CPUs, and tries until that holds. */
  limit(container: Limited): void;
};

export function createCpuBoost(options: {
  engine: Pick<Engine, "can" | "limitCpus">;
  clock: Clock;
  log: Log;
  /** Nothing is tried again after this; the next start of the runner sees which limits are not set. */
  closing: AbortSignal;
}): CpuBoost {
  const { engine, clock, log, closing } = options;

  async function keepTrying({ id, name, cpus }: Limited): Promise<void> {
    for (let pause = FIRST_RETRY_MS; ; pause = Math.min(pause * 2, LONGEST_RETRY_MS)) {
      try {
        await engine.limitCpus(id, cpus);
        return;
      } catch (error) {
        if (closing.aborted) return;
        log.warn(
          { container: name, reason: messageOf(error) },
          "a container still has all of the host's CPUs; trying again to limit it",
        );
      }
      await clock.sleep(pause, closing).catch(() => undefined);
      if (closing.aborted) return;
    }
  }

  const limit = (container: Limited) => {
    if (engine.can.shareCpus) void keepTrying(container);
  };

  return {
    limit,
    begin(container) {
      const over = new AbortController();
      // Sleeps to its end only when the start takes longer.
      clock.sleep(LONGEST_MS, over.signal).then(
        () => limit(container),
        () => undefined,
      );
      return {
        ready() {
          over.abort();
          limit(container);
        },
        failed: () => over.abort(),
      };
    },
  };
}
