import { expect, test } from "bun:test";

import { createFeed } from "../../src/agents/feed.ts";
import { createDeployments } from "../../src/agents/deploy/deployments.ts";
import type { DeployRequest, DeployResult } from "../../src/agents/deploy/types.ts";
import { createLog } from "../../src/lib/log.ts";
import { RunnerError } from "../../src/lib/errors.ts";
import { locationOf, sseEvents, viewOf } from "../../src/server/deployment-view.ts";
import { type FakeClock, createFakeClock } from "../helpers/fake-clock.ts";
import { createFakeHistory } from "../helpers/fake-history.ts";
import { DEPLOY_RESULT } from "../helpers/records.ts";

const RESULT: DeployResult = { ...DEPLOY_RESULT, warnings: ["careful"] };

/** A deployment that does this. */
function deployment(deploy: (request: DeployRequest, clock: FakeClock) => Promise<DeployResult>) {
  const clock = createFakeClock();
  const upload = {
    agentId: "echo",
    archivePath: "/archive",
    secrets: { values: {}, keepOthers: false },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return createDeployments({
    clock,
    log: createLog({ level: "silent", format: "json" }),
    feed: createFeed(clock),
    history: createFakeHistory(),
    deploy: (request) => deploy(request, clock),
  }).start(upload);
}

test("a deployment that succeeded has its result, its phases, its warnings and its log", async () => {
  const started = deployment(async ({ onEvent }, clock) => {
    onEvent?.({ type: "phase", phase: "building" });
    onEvent?.({ type: "step", name: "RUN uv sync", status: "started" });
    onEvent?.({ type: "log", line: "Resolved 3 packages" });
    onEvent?.({ type: "warning", message: "careful" });
    await clock.advance(1_000);
    return RESULT;
  });
  await started.done;
  expect(locationOf(started)).toBe("/agents/echo/deployments/1");
  expect(viewOf(started)).toEqual({
    agent_id: "echo",
    deployment: 1,
    state: "succeeded",
    created_at: "2026-01-01T00:00:00.000Z",
    finished_at: "2026-01-01T00:00:01.000Z",
    phases: ["received", "building"],
    warnings: ["careful"],
    log: ["Resolved 3 packages"],
    last_event_id: 6,
    result: RESULT,
    error: null,
  });
});

test("its stream has every event with its id, a step of the build as part of the log", async () => {
  const started = deployment(async ({ onEvent }) => {
    onEvent?.({ type: "step", name: "RUN uv sync", status: "done", ms: 5 });
    onEvent?.({ type: "log", line: "Resolved 3 packages" });
    return RESULT;
  });
  const events = await Array.fromAsync(sseEvents(started.follow(0, new AbortController().signal)));
  expect(events).toEqual([
    { id: 1, event: "phase", data: '{"phase":"received"}' },
    { id: 2, event: "log", data: '{"step":{"name":"RUN uv sync","status":"done","ms":5}}' },
    { id: 3, event: "log", data: '{"line":"Resolved 3 packages"}' },
    { id: 4, event: "result", data: JSON.stringify(RESULT) },
  ]);
});

test("a deployment that failed has its error, as the routes answer it", async () => {
  const failure = new RunnerError("BUILD_FAILED", "no", { details: { class: "other" } });
  const started = deployment(() => Promise.reject(failure));
  await started.done.catch(() => undefined);
  const error = { error: "no", code: "BUILD_FAILED", details: { class: "other" } };
  expect(viewOf(started)).toMatchObject({ state: "failed", result: null, error });
  const events = await Array.fromAsync(sseEvents(started.follow(0, new AbortController().signal)));
  expect(events.at(-1)).toEqual({ id: 2, event: "error", data: JSON.stringify(error) });
});
