import { expect, test } from "bun:test";

import { createOperations } from "../../src/agents/operations.ts";

const deploy = { name: "deploy" } as const;
const start = { name: "start" } as const;
const stop = { name: "stop" } as const;

/** Work that ends when its signal does. */
const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

test("a newer deploy ends the one before it and waits until that has cleaned up", async () => {
  const operations = createOperations();
  const order: string[] = [];
  const started = Promise.withResolvers<void>();
  const first = operations.run("a", deploy, (signal) => {
    started.resolve();
    return untilAborted(signal).finally(() => order.push("first cleaned up"));
  });
  await started.promise;
  const second = operations.run("a", deploy, () => Promise.resolve(order.push("second")));
  await expect(first).rejects.toMatchObject({ code: "DEPLOY_CONFLICT" });
  await second;
  expect(order).toEqual(["first cleaned up", "second"]);
});

test("a deploy that still waits for its turn is superseded as well", async () => {
  const operations = createOperations();
  const { promise, resolve } = Promise.withResolvers<string>();
  const stopping = operations.run("a", stop, () => promise);
  const waiting = operations.run("a", deploy, () => Promise.resolve("never"));
  const newest = operations.run("a", deploy, () => Promise.resolve("newest"));
  resolve("stopped");
  await expect(waiting).rejects.toMatchObject({ code: "DEPLOY_CONFLICT" });
  expect(await Promise.all([stopping, newest])).toEqual(["stopped", "newest"]);
});

test("a stop is never ended by what comes after it", async () => {
  const operations = createOperations();
  const { promise, resolve } = Promise.withResolvers<string>();
  const stopping = operations.run("a", stop, () => promise);
  const next = operations.run("a", deploy, () => Promise.resolve("deployed"));
  resolve("stopped");
  expect(await Promise.all([stopping, next])).toEqual(["stopped", "deployed"]);
});

test("agents do not wait for each other", async () => {
  const operations = createOperations();
  const { promise, resolve } = Promise.withResolvers<string>();
  const slow = operations.run("a", deploy, () => promise);
  expect(await operations.run("b", deploy, () => Promise.resolve("b"))).toBe("b");
  resolve("a");
  expect(await slow).toBe("a");
});

test.each([
  ["deploy", "deploy", "This deploy was superseded by a newer deploy of the same agent."],
  ["deploy", "rollback", "This deploy was superseded by a rollback of the same agent."],
  ["rollback", "deploy", "This rollback was superseded by a newer deploy of the same agent."],
  ["rollback", "start", "This rollback was superseded by a start of the same agent."],
  ["start", "stop", "This start was superseded by a stop of the same agent."],
] as const)("a %s is ended by a %s", async (earlier, later, message) => {
  const operations = createOperations();
  const first = operations.run("a", { name: earlier }, untilAborted);
  const second = operations.run("a", { name: later }, () => Promise.resolve("done"));
  await expect(first).rejects.toMatchObject({ code: "DEPLOY_CONFLICT", message });
  expect(await second).toBe("done");
});

test("a second start waits for the first, and what comes after both ends both", async () => {
  const operations = createOperations();
  const first = operations.run("a", start, untilAborted);
  const second = operations.run("a", start, () => Promise.resolve("never"));
  const stopping = operations.run("a", stop, () => Promise.resolve("stopped"));
  const ended = { status: "rejected", reason: { code: "DEPLOY_CONFLICT" } };
  expect(await Promise.allSettled([first, second, stopping])).toMatchObject([
    ended,
    ended,
    { status: "fulfilled", value: "stopped" },
  ]);
});

test("those of a name are counted, whether they run or wait", async () => {
  const operations = createOperations();
  const { promise, resolve } = Promise.withResolvers<void>();
  const all = [
    operations.run("a", stop, () => promise),
    operations.run("a", start, () => promise),
    operations.run("b", start, () => promise),
  ];
  expect([operations.underWay("stop"), operations.underWay("start")]).toEqual([1, 2]);
  resolve();
  await Promise.all(all);
  expect(operations.underWay("start")).toBe(0);
});
