import type { Clock } from "../lib/clock.ts";

/** Deaths remembered; whoever asks does so within a start. */
const KEPT = 1_000;

/** Which containers died, as the engine's events tell: looking costs nothing, where asking the engine is a process. */
export type Deaths = {
  tell(containerId: string): void;
  /** When its last death was told, monotonic milliseconds; undefined if none was. */
  at(containerId: string): number | undefined;
};

export function createDeaths(clock: Clock): Deaths {
  const told = new Map<string, number>();
  return {
    tell(containerId) {
      told.delete(containerId);
      told.set(containerId, clock.monotonic());
      const [oldest] = told.keys();
      if (told.size > KEPT && oldest !== undefined) told.delete(oldest);
    },
    at: (containerId) => told.get(containerId),
  };
}
