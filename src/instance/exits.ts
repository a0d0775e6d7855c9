import type { Clock } from "../lib/clock.ts";

/** Exits remembered; a start asks for its own within seconds. */
const KEPT = 1_000;

/** Which containers have exited, by the engine's events. A look costs nothing, where asking the engine starts a process. */
export type Exits = {
  record(containerId: string): void;
  /** When the container last exited, monotonic milliseconds; undefined if it did not. */
  lastAt(containerId: string): number | undefined;
};

export function createExits(clock: Pick<Clock, "monotonic">): Exits {
  const exits = new Map<string, number>();
  return {
    record(containerId) {
      exits.delete(containerId);
      exits.set(containerId, clock.monotonic());
      const [oldest] = exits.keys();
      if (exits.size > KEPT && oldest !== undefined) exits.delete(oldest);
    },
    lastAt: (containerId) => exits.get(containerId),
  };
}
