import { expect, test } from "bun:test";

import { drain } from "../../src/instance/drain.ts";
import { createFakeClock } from "../helpers/fake-clock.ts";
import { instanceOf } from "../helpers/records.ts";

const never = new AbortController().signal;

test("an instance has as many free slots as its agent's concurrency", () => {
  const instance = instanceOf();
  instance.enter();
  expect(instance.hasFreeSlot()).toBe(true);
  instance.enter();
  expect({ inFlight: instance.inFlight, hasFreeSlot: instance.hasFreeSlot() }).toEqual({
    inFlight: 2,
    hasFreeSlot: false,
  });
  instance.leave();
  expect(instance.hasFreeSlot()).toBe(true);
});

test("an instance knows when its last request ended", async () => {
  const clock = createFakeClock();
  const instance = instanceOf(undefined, { clock });
  instance.enter();
  await clock.advance(5_000);
  expect(instance.lastUsed).toBe(0);
  instance.leave();
  expect(instance.lastUsed).toBe(5_000);
});

test("who listens for a cut-off is told why, unless it has stopped listening", () => {
  const instance = instanceOf();
  const told: string[] = [];
  instance.onCutOff((why) => void told.push(`first: ${why}`));
  const forget = instance.onCutOff((why) => void told.push(`second: ${why}`));
  forget();
  instance.cutOff("stopped");
  expect(told).toEqual(["first: stopped"]);
});

/** Whether a drain has ended. */
function watched(draining: Promise<void>) {
  const state = { ended: false };
  void draining.then(() => (state.ended = true));
  return state;
}

test("a drain ends when the last request has left", async () => {
  const clock = createFakeClock();
  const instance = instanceOf(undefined, { clock, inFlight: 2 });
  const draining = watched(drain(instance, { clock, timeoutMs: 60_000, signal: never }));
  instance.leave();
  await clock.advance(0);
  expect(draining.ended).toBe(false);
  instance.leave();
  await clock.advance(0);
  expect({ ended: draining.ended, timers: clock.pending() }).toEqual({ ended: true, timers: 0 });
});

test("a drain ends at its timeout, and at once when it is ended from outside or nothing is inside", async () => {
  const clock = createFakeClock();
  const busy = instanceOf(undefined, { clock, inFlight: 1 });
  const late = watched(drain(busy, { clock, timeoutMs: 60_000, signal: never }));
  await clock.advance(59_999);
  expect(late.ended).toBe(false);
  await clock.advance(1);
  expect(late.ended).toBe(true);

  const ending = new AbortController();
  const ended = watched(drain(busy, { clock, timeoutMs: 60_000, signal: ending.signal }));
  ending.abort();
  await clock.advance(0);
  expect(ended.ended).toBe(true);

  const unused = watched(drain(instanceOf(), { clock, timeoutMs: 60_000, signal: never }));
  await clock.advance(0);
  expect({ ended: unused.ended, timers: clock.pending() }).toEqual({ ended: true, timers: 0 });
});
