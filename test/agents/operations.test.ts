import { expect, test } from "bun:test";

import { createOperations } from "../../src/agents/operations.ts";
import { RunnerError } from "../../src/errors.ts";

const superseded = () => new RunnerError("DEPLOY_CONFLICT", "superseded");
const deploy = { supersedable: true, supersedes: superseded };
const stop = { supersedable: false, supersedes: superseded };

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
