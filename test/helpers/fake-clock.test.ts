import { expect, test } from "bun:test";

import { createFakeClock } from "./fake-clock.ts";

test("nothing comes before its time, and all comes in the order in which it is due", async () => {
  const clock = createFakeClock();
  const order: string[] = [];
  clock.timer(20, () => order.push("second"));
  void clock.sleep(10).then(() => order.push("first"));
  clock.timer(30, () => order.push("late"));
  await clock.advance(20);
  expect(order).toEqual(["first", "second"]);
  expect(clock.monotonic()).toBe(20);
  expect(clock.pending()).toBe(1);
});

test("what was cancelled never comes", async () => {
  const clock = createFakeClock();
  const order: string[] = [];
  clock.timer(10, () => order.push("cancelled"))();
  const leaving = new AbortController();
  const sleeping = clock.sleep(10, leaving.signal);
  leaving.abort(new Error("left"));
  await expect(sleeping).rejects.toThrow("left");
  await clock.advance(10);
  expect(order).toEqual([]);
});
