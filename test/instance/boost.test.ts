import { expect, test } from "bun:test";

import { HOST_CAN } from "../../src/docker/abilities.ts";
import { createCpuBoost } from "../../src/instance/boost.ts";
import { RunnerError } from "../../src/lib/errors.ts";
import { createLog } from "../../src/lib/log.ts";
import { createFakeClock } from "../helpers/fake-clock.ts";

const CONTAINER = { id: "c1", name: "oken-echo-v1", cpus: 0.5 };

/** A boost in front of an engine that fails so many times. */
function boost(failures = 0, { shareCpus } = { shareCpus: true }) {
  const clock = createFakeClock();
  const limits: [string, number][] = [];
  const closing = new AbortController();
  let left = failures;
  const cpuBoost = createCpuBoost({
    engine: {
      can: { ...HOST_CAN, shareCpus },
      async limitCpus(id, cpus) {
        limits.push([id, cpus]);
        left -= 1;
        if (left >= 0) throw new RunnerError("ENGINE_UNAVAILABLE", "away");
      },
    },
    clock,
    log: createLog({ level: "silent", format: "json" }),
    closing: closing.signal,
  });
  return { cpuBoost, limits, clock, closing };
}

test("a start has all CPUs until it is ready, and then its own", async () => {
  const { cpuBoost, limits, clock } = boost();
  const start = cpuBoost.begin(CONTAINER);
  await clock.advance(9_999);
  expect(limits).toEqual([]);
  start.ready();
  expect(limits).toEqual([["c1", 0.5]]);
  await clock.advance(10_000);
  expect(limits).toHaveLength(1);
});

test("a start that takes longer than ten seconds goes on with its own CPUs", async () => {
  const { cpuBoost, limits, clock } = boost();
  cpuBoost.begin(CONTAINER);
  await clock.advance(10_000);
  expect(limits).toEqual([["c1", 0.5]]);
});

test("a start that failed is never limited", async () => {
  const { cpuBoost, limits, clock } = boost();
  cpuBoost.begin(CONTAINER).failed();
  await clock.advance(60_000);
  expect(limits).toEqual([]);
});

test("a limit that could not be set is tried again, after ever longer pauses, until it holds", async () => {
  const { cpuBoost, limits, clock } = boost(7);
  cpuBoost.limit(CONTAINER);
  for (const [tries, pause] of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000].entries()) {
    await clock.advance(pause - 1);
    expect(limits).toHaveLength(tries + 1);
    await clock.advance(1);
    expect(limits).toHaveLength(tries + 2);
  }
  await clock.advance(60_000);
  expect(limits).toHaveLength(8);
});

test("a runner that ends leaves the limit to its next start", async () => {
  const { cpuBoost, limits, clock, closing } = boost(1);
  cpuBoost.limit(CONTAINER);
  await clock.advance(0);
  closing.abort();
  await clock.advance(60_000);
  expect(limits).toHaveLength(1);
});

test("nothing is limited where every container has its own CPUs from the start", async () => {
  const { cpuBoost, limits, clock } = boost(0, { shareCpus: false });
  cpuBoost.limit(CONTAINER);
  cpuBoost.begin(CONTAINER).ready();
  await clock.advance(60_000);
  expect(limits).toEqual([]);
});
