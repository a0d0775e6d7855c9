import type { Clock } from "../lib/clock.ts";

/** Containers remembered; a start asks for its own within seconds. */
const KEPT = 1_000;

/** Which containers have exited, by the engine's events. A look costs nothing, where asking the engine starts a process. */
export type Exits = {
  record(containerId: string): void;
  /** Someone had the engine send it a signal. */
  recordSignal(containerId: string): void;
  /** Its host is away, and with it the container. */
  recordLost(containerId: string, node: string): void;
  /** When the container last exited or was lost, monotonic milliseconds; undefined if it did not. */
  lastAt(containerId: string): number | undefined;
  /** When it was last sent a signal. */
  lastSignalAt(containerId: string): number | undefined;
  /** The node that it was lost with. */
  lostNode(containerId: string): string | undefined;
};

type Known = { exitedAt?: number; signalledAt?: number; lostNode?: string };

export function createExits(clock: Pick<Clock, "monotonic">): Exits {
  const known = new Map<string, Known>();

  function remember(containerId: string, change: Known): void {
    const before = known.get(containerId);
    known.delete(containerId);
    known.set(containerId, { ...before, ...change });
    const [oldest] = known.keys();
    if (known.size > KEPT && oldest !== undefined) known.delete(oldest);
  }

  return {
    record: (containerId) => remember(containerId, { exitedAt: clock.monotonic() }),
    recordSignal: (containerId) => remember(containerId, { signalledAt: clock.monotonic() }),
    recordLost: (containerId, node) => remember(containerId, { exitedAt: clock.monotonic(), lostNode: node }),
    lastAt: (containerId) => known.get(containerId)?.exitedAt,
    lastSignalAt: (containerId) => known.get(containerId)?.signalledAt,
    lostNode: (containerId) => known.get(containerId)?.lostNode,
  };
}
