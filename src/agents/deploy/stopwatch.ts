import type { Clock } from "../../lib/clock.ts";

/** Milliseconds between laps, by name, and `total`. */
export type Stopwatch = { lap(name: string): void; timings(): Record<string, number> };

export function createStopwatch(clock: Clock): Stopwatch {
  const startedAt = clock.monotonic();
  const laps: Record<string, number> = {};
  let lapStartedAt = startedAt;
  return {
    lap(name) {
      const now = clock.monotonic();
      laps[name] = Math.round(now - lapStartedAt);
      lapStartedAt = now;
    },
    timings: () => ({ ...laps, total: Math.round(clock.monotonic() - startedAt) }),
  };
}
