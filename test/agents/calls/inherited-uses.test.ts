import { expect, test } from "bun:test";

import { createInheritedUses } from "../../../src/agents/calls/inherited-uses.ts";
import { createOwnership } from "../../../src/agents/ownership/ownership.ts";
import { createPool } from "../../../src/agents/calls/pool.ts";
import { createMetrics } from "../../../src/metrics/metrics.ts";
import { createFakeClock } from "../../helpers/fake-clock.ts";
import { agentIn, instanceOf } from "../../helpers/records.ts";

function fixture() {
  const clock = createFakeClock();
  const instance = instanceOf(undefined, { clock });
  const agent = agentIn("running", { instance, clock });
  return { clock, instance, agent, uses: createInheritedUses() };
}

test("requests that the runner before has inside take slots until they leave, and whoever waits gets them", async () => {
  const { clock, instance, agent, uses } = fixture();
  const { concurrency } = instance.version.manifest;
  uses.set({ [instance.container.id]: concurrency });
  uses.adopted(agent, instance);
  expect(instance.inFlight).toBe(concurrency);

  const limits = { maxQueue: 10, queueTimeoutMs: 60_000 };
  const pool = createPool({ clock, metrics: createMetrics(), ...limits, wake: () => undefined });
  const waiting = pool.acquire(agent, new AbortController().signal);
  uses.set({ [instance.container.id]: concurrency - 1 });
  (await waiting).release();
  uses.set({});
  expect(instance.inFlight).toBe(0);
});

test("a container that is nobody's yet is waited for, and told to the next process", async () => {
  const { uses } = fixture();
  uses.set({ old: 1, other: 1 });
  expect(uses.others()).toEqual({ old: 1, other: 1 });
  let hasLeft = false;
  const left = uses.left("old").then(() => (hasLeft = true));
  uses.set({ old: 1 });
  expect([uses.has("old"), uses.has("other"), hasLeft]).toEqual([true, false, false]);
  uses.set({});
  await left;
  await uses.left("old");
});

test("changes wait while the process owns nothing, and those that began are counted", async () => {
  const ownership = createOwnership({ isSuspended: true });
  const done: string[] = [];
  const ended = Promise.withResolvers<void>();
  const first = ownership.change(() => ended.promise.then(() => done.push("first")));
  await Promise.resolve();
  expect([ownership.changes, ownership.isSuspended]).toEqual([0, true]);
  ownership.resume();
  await Promise.resolve();
  await Promise.resolve();
  ownership.suspend();
  const second = ownership.change(async () => done.push("second"));
  ended.resolve();
  await first;
  expect(done).toEqual(["first"]);
  ownership.resume();
  await second;
  expect([done, ownership.changes]).toEqual([["first", "second"], 0]);
});
