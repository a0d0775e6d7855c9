import { expect, test } from "bun:test";

import { createLoad } from "../../../src/agents/figures/load.ts";
import { createOpenCalls } from "../../../src/agents/calls/open-calls.ts";

const MINUTE = 60_000;
/** The begin of a minute. */
const START = MINUTE * 1_000_000;

test("quantiles of the last minute are within 13 % of what was measured", () => {
  const load = createLoad();
  for (let ms = 1; ms <= 1_000; ms += 1) load.count({ now: START + ms, ms, isError: ms % 100 === 0 });
  const { requests, errors, p50_ms, p99_ms } = load.lastMinute(START + 1_000);
  expect([requests, errors]).toEqual([1_000, 10]);
  expect(Math.abs((p50_ms ?? 0) - 500)).toBeLessThan(65);
  expect(Math.abs((p99_ms ?? 0) - 990)).toBeLessThan(129);
});

test("durations of any size are counted", () => {
  const load = createLoad();
  for (const ms of [0, 0.01, 1e9]) load.count({ now: START, ms, isError: false });
  expect(load.lastMinute(START).requests).toBe(3);
  expect(load.lastMinute(START).p99_ms).toBeGreaterThan(100_000);
});

test("the last minute moves with the time, and an hour has each minute by itself", () => {
  const load = createLoad();
  load.count({ now: START, ms: 10, isError: false });
  load.count({ now: START + 30_000, ms: 10, isError: true });
  load.sawMemory(START + 31_000, 1_024);
  expect(load.lastMinute(START + 59_000)).toMatchObject({ requests: 2, errors: 1 });
  expect(load.lastMinute(START + 64_000)).toMatchObject({ requests: 1 });
  expect(load.lastMinute(START + 2 * MINUTE)).toEqual({ requests: 0, errors: 0, p50_ms: null, p99_ms: null });
  load.count({ now: START + 3 * MINUTE, ms: 20, isError: false });

  const hour = load.lastHour(START + 3 * MINUTE);
  expect(hour).toHaveLength(60);
  expect(
    hour.slice(-4).map(({ requests, errors, memory_bytes }) => [requests, errors, memory_bytes]),
  ).toEqual([
    [2, 1, 1_024],
    [0, 0, null],
    [0, 0, null],
    [1, 0, null],
  ]);
  expect(hour.at(-1)?.at).toBe(new Date(START + 3 * MINUTE).toISOString());
  const later = load.lastHour(START + 62 * MINUTE);
  expect(later.reduce((sum, { requests }) => sum + requests, 0)).toBe(1);
});

test("a sleep of hours has no figures, and what comes before and after it has", () => {
  const load = createLoad();
  load.count({ now: START, ms: 10, isError: false });
  load.sawMemory(START, 1_024);
  for (let minute = 1; minute < 59; minute += 1) load.sawMemory(START + minute * MINUTE, undefined);
  expect(load.lastHour(START + 59 * MINUTE)[0]).toMatchObject({ requests: 1, memory_bytes: 1_024 });
  for (let minute = 60; minute < 200; minute += 1) load.sawMemory(START + minute * MINUTE, undefined);
  load.count({ now: START + 200 * MINUTE, ms: 10, isError: false });
  const [latest, ...others] = load.lastHour(START + 200 * MINUTE).toReversed();
  expect(latest).toMatchObject({ requests: 1, memory_bytes: null });
  expect(others.every((it) => it.requests === 0 && it.memory_bytes === null)).toBe(true);
});

test("what is remembered does not grow with the calls", () => {
  const load = createLoad();
  for (let minute = 0; minute < 500; minute += 1)
    for (let call = 0; call < 50; call += 1)
      load.count({ now: START + minute * MINUTE + call * 1_000, ms: call, isError: false });
  const hour = load.lastHour(START + 499 * MINUTE);
  expect(hour.every(({ requests }) => requests === 50)).toBe(true);
});

test("open calls are named, the oldest first, and of more than a hundred the number is known", () => {
  const open = createOpenCalls();
  const closing = Array.from({ length: 120 }, (_, number) => open.add(call(number)));
  expect([open.count, open.named().length, open.named()[0]?.path]).toEqual([120, 100, "/invoke/echo/0"]);
  closing[0]?.();
  closing[0]?.();
  expect([open.count, open.named()[0]?.path]).toEqual([119, "/invoke/echo/1"]);
});

function call(number: number) {
  return {
    kind: "stream" as const,
    path: `/invoke/echo/${number}`,
    request_id: "",
    since: "2026-01-01T00:00:00.000Z",
  };
}
