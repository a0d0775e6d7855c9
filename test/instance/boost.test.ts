import { expect, test } from "bun:test";

import { createCpuBoost } from "../../src/instance/boost.ts";
import { RunnerError } from "../../src/lib/errors.ts";
import { createLog } from "../../src/lib/log.ts";

const CONTAINER = { id: "c1", name: "oken-echo-v1", cpus: 0.5 };

/** A boost whose time passes when a sleeper is woken, in front of an engine that fails so many times. */
function boost(failures = 0) {
  const limits: [string, number][] = [];
  const sleepers: { ms: number; wake: () => void }[] = [];
  const closing = new AbortController();
  let left = failures;
  const cpuBoost = createCpuBoost({
    engine: {
      async limitCpus(id, cpus) {
        limits.push([id, cpus]);
        left -= 1;
        if (left >= 0) throw new RunnerError("ENGINE_UNAVAILABLE", "away");
      },
    },
    clock: {
      now: () => 0,
      monotonic: () => 0,
      sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
          if (signal?.aborted) reject(signal.reason);
          signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
          sleepers.push({ ms, wake: resolve });
        }),
    },
    log: createLog({ level: "silent", format: "json" }),
    closing: closing.signal,
  });
  const wake = async () => {
    sleepers.pop()?.wake();
    await Bun.sleep(0);
  };
  return { cpuBoost, limits, sleepers, wake, closing };
}

test("a start has all processors until it is ready, and then its own", async () => {
  const { cpuBoost, limits } = boost();
  const start = cpuBoost.begin(CONTAINER);
  expect(limits).toEqual([]);
  start.ready();
  await Bun.sleep(0);
  expect(limits).toEqual([["c1", 0.5]]);
});

test("a start that takes longer than ten seconds goes on with its own processors", async () => {
  const { cpuBoost, limits, sleepers, wake } = boost();
  cpuBoost.begin(CONTAINER);
  expect(sleepers.map(({ ms }) => ms)).toEqual([10_000]);
  await wake();
  expect(limits).toEqual([["c1", 0.5]]);
});

test("of a start that failed there is nothing to limit", async () => {
  const { cpuBoost, limits } = boost();
  cpuBoost.begin(CONTAINER).failed();
  await Bun.sleep(0);
  expect(limits).toEqual([]);
});

test("a limit that could not be set is tried again, after ever longer pauses, until it holds", async () => {
  const { cpuBoost, limits, sleepers, wake } = boost(7);
  cpuBoost.limit(CONTAINER);
  const pauses: number[] = [];
  for (let tries = 0; tries < 7; tries += 1) {
    await Bun.sleep(0);
    pauses.push(sleepers.at(-1)?.ms ?? 0);
    await wake();
  }
  expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  expect(limits).toHaveLength(8);
  expect(sleepers).toEqual([]);
});

test("a runner that ends leaves the limit to its next start", async () => {
  const { cpuBoost, limits, closing } = boost(1);
  cpuBoost.limit(CONTAINER);
  await Bun.sleep(0);
  closing.abort();
  await Bun.sleep(0);
  expect(limits).toHaveLength(1);
});
