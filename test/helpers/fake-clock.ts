import type { Clock } from "../../src/lib/clock.ts";

export type FakeClock = Clock & {
  /** Lets `ms` pass: whatever is due comes in its order, and what follows from each has its turn before the next. */
  advance(ms: number): Promise<void>;
  /** Timers and sleeps that are not over. */
  pending(): number;
};

/** A clock that stands still until it is told to go on. */
export function createFakeClock(startedAt = Date.parse("2026-01-01T00:00:00Z")): FakeClock {
  let passed = 0;
  const timers = new Set<{ due: number; callback: () => void }>();

  const timer = (ms: number, callback: () => void) => {
    const entry = { due: passed + ms, callback };
    timers.add(entry);
    return () => void timers.delete(entry);
  };

  return {
    now: () => startedAt + passed,
    monotonic: () => passed,
    timer,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const onAbort = () => {
          cancel();
          reject(signal?.reason);
        };
        const cancel = timer(ms, () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        });
        signal?.addEventListener("abort", onAbort, { once: true });
      }),
    async advance(ms) {
      const end = passed + ms;
      await settled();
      for (;;) {
        const [next] = [...timers].filter(({ due }) => due <= end).sort((a, b) => a.due - b.due);
        if (next === undefined) break;
        passed = Math.max(passed, next.due);
        timers.delete(next);
        next.callback();
        await settled();
      }
      passed = end;
    },
    pending: () => timers.size,
  };
}

/** All that is ready to run has run. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
