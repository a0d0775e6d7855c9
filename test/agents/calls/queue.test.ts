import { expect, test } from "bun:test";

import { createQueue } from "../../../src/agents/calls/queue.ts";
import type { Instance } from "../../../src/instance/instance.ts";
import { RunnerError } from "../../../src/lib/errors.ts";
import { instanceOf } from "../../helpers/records.ts";

function waiters(...names: string[]) {
  const told: string[] = [];
  const made = names.map((name, at) => ({
    since: at,
    grant(instance: Instance) {
      instance.enter();
      told.push(`${name} granted`);
    },
    passedOver: () => void told.push(`${name} passed over`),
    refuse: (error: RunnerError) => void told.push(`${name} refused: ${error.message}`),
  }));
  return { told, made };
}

const slotsOf = (instance: Instance) => ({
  free: () => (instance.hasFreeSlot() ? instance : undefined),
});

test("free slots go to those who wait longest, and no more than there are", () => {
  const queue = createQueue();
  const { told, made } = waiters("first", "second", "third");
  for (const waiter of made) queue.add(waiter);
  queue.grant(slotsOf(instanceOf()));
  expect(told).toEqual(["first granted", "second granted"]);
  expect(queue.length).toBe(1);
});

test("those who get no slot when the agent has started are told that it has", () => {
  const queue = createQueue();
  const { told, made } = waiters("first", "second", "third");
  for (const waiter of made) queue.add(waiter);
  queue.begin(slotsOf(instanceOf()));
  expect(told).toEqual(["first granted", "second granted", "third passed over"]);
});

test("who has left the queue gets nothing", () => {
  const queue = createQueue();
  const { told, made } = waiters("first", "second");
  for (const waiter of made) queue.add(waiter);
  expect(queue.oldest).toBe(0);
  for (const waiter of made.slice(0, 1)) queue.remove(waiter);
  expect(queue.oldest).toBe(1);
  queue.grant(slotsOf(instanceOf()));
  expect(told).toEqual(["second granted"]);
  expect(queue.oldest).toBeUndefined();
});

test("all are refused at once", () => {
  const queue = createQueue();
  const { told, made } = waiters("first", "second");
  for (const waiter of made) queue.add(waiter);
  queue.refuse(new RunnerError("AGENT_NOT_RUNNING", "over"));
  expect(told).toEqual(["first refused: over", "second refused: over"]);
  expect(queue.length).toBe(0);
});
