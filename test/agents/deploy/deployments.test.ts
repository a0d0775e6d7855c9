import { expect, test } from "bun:test";

import { createFeed } from "../../../src/agents/feed.ts";
import { createDeployments } from "../../../src/agents/deploy/deployments.ts";
import type { DeployRequest, DeployResult } from "../../../src/agents/deploy/types.ts";
import { RunnerError } from "../../../src/lib/errors.ts";
import { createLog } from "../../../src/lib/log.ts";
import { untilAborted } from "../../helpers/agent-parts.ts";
import { createFakeClock } from "../../helpers/fake-clock.ts";
import { createFakeHistory } from "../../helpers/fake-history.ts";
import { DEPLOY_RESULT } from "../../helpers/records.ts";

const RESULT = DEPLOY_RESULT;

const never = new AbortController().signal;

const log = createLog({ level: "silent", format: "json" });

function fixture(deploy: (request: DeployRequest) => Promise<DeployResult>, history = createFakeHistory()) {
  const order: string[] = [];
  const clock = createFakeClock();
  const deployments = createDeployments({ clock, log, feed: createFeed(clock), history, deploy });
  const upload = {
    agentId: "echo",
    archivePath: "/archive",
    secrets: { values: {}, keepOthers: false },
    [Symbol.asyncDispose]: async () => void order.push("upload disposed of"),
  };
  return { deployments, upload, order, clock };
}

test("a deployment goes on without anyone who waits, and its events can be read again from any of them", async () => {
  const { deployments, upload, order } = fixture(async ({ onEvent }) => {
    onEvent?.({ type: "phase", phase: "building" });
    onEvent?.({ type: "log", line: "a line" });
    return RESULT;
  });
  const deployment = deployments.start(upload);
  void deployment.done.then(() => order.push("done"));
  const all = await Array.fromAsync(deployment.follow(0, never));
  expect(all).toEqual([
    { id: 1, event: { type: "phase", phase: "received" } },
    { id: 2, event: { type: "phase", phase: "building" } },
    { id: 3, event: { type: "log", line: "a line" } },
    { id: 4, event: { type: "result", result: RESULT } },
  ]);
  expect(await Array.fromAsync(deployment.follow(2, never))).toEqual(all.slice(2));
  expect(deployment).toMatchObject({ agentId: "echo", number: 1, state: "succeeded" });
  expect(order).toEqual(["upload disposed of", "done"]);
});

test("one that fails says why, and has disposed of its upload before", async () => {
  const failure = new RunnerError("BUILD_FAILED", "no");
  const { deployments, upload, order } = fixture(() => Promise.reject(failure));
  const deployment = deployments.start(upload);
  await expect(deployment.done).rejects.toBe(failure);
  expect(deployment.state).toBe("failed");
  expect(deployment.events().at(-1)?.event).toEqual({ type: "error", error: failure });
  expect(order).toEqual(["upload disposed of"]);
});

test("a fault of the runner is told without its inside", async () => {
  const { deployments, upload } = fixture(() => Promise.reject(new TypeError("x is undefined")));
  const { done } = deployments.start(upload);
  await expect(done).rejects.toMatchObject({ code: "INTERNAL", cause: new TypeError("x is undefined") });
  await expect(done).rejects.not.toMatchObject({ message: expect.stringContaining("undefined") });
});

test("one that is cancelled ends with DEPLOY_CONFLICT once it has cleaned up, however often it is cancelled", async () => {
  const { deployments, upload, order, clock } = fixture(({ signal = never }) => untilAborted(signal));
  const deployment = deployments.start(upload);
  await clock.advance(5_000);
  await Promise.all([deployment.cancel(), deployment.cancel()]);
  expect(order).toEqual(["upload disposed of"]);
  expect(deployment).toMatchObject({
    state: "cancelled",
    finishedAt: deployment.createdAt + 5_000,
  });
  await expect(deployment.done).rejects.toMatchObject({
    code: "DEPLOY_CONFLICT",
    message: "Deployment 1 of agent echo was cancelled.",
  });
});

test("to cancel one that has ended changes nothing", async () => {
  const { deployments, upload } = fixture(() => Promise.resolve(RESULT));
  const deployment = deployments.start(upload);
  await deployment.done;
  await deployment.cancel();
  expect(deployment.state).toBe("succeeded");
});
