import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createDeployments } from "../../../src/agents/deploy/deployments.ts";
import { createHistory } from "../../../src/agents/deploy/history.ts";
import type { DeployRequest, DeployResult } from "../../../src/agents/deploy/types.ts";
import { createFeed } from "../../../src/agents/feed.ts";
import { RunnerError } from "../../../src/lib/errors.ts";
import { createLog } from "../../../src/lib/log.ts";
import { viewOf } from "../../../src/server/deployment-view.ts";
import { untilAborted } from "../../helpers/agent-parts.ts";
import { eventually } from "../../helpers/eventually.ts";
import { createFakeClock } from "../../helpers/fake-clock.ts";
import { DEPLOY_RESULT } from "../../helpers/records.ts";

const RESULT: DeployResult = { ...DEPLOY_RESULT, timings_ms: { build: 5 } };

const FAILURE = new RunnerError("BUILD_FAILED", "no such package", { status: 422, details: { class: "x" } });

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "oken-history-"));
});
afterEach(() => rm(dataDir, { recursive: true }));

const upload = () => ({
  agentId: "echo",
  archivePath: "/archive",
  secrets: { values: {}, keepOthers: false },
  [Symbol.asyncDispose]: () => Promise.resolve(),
});

/** As a process of the runner that has just started. */
async function process(deploy: (request: DeployRequest) => Promise<DeployResult>, isAgent = () => true) {
  const clock = createFakeClock();
  const history = createHistory(dataDir);
  await history.load(isAgent);
  const log = createLog({ level: "silent", format: "json" });
  const deployments = createDeployments({ clock, log, feed: createFeed(clock), history, deploy });
  return { deployments, history };
}

const files = () => readdir(join(dataDir, "deployments", "echo"));
const states = async (number: number) => {
  const text = await Bun.file(join(dataDir, "deployments", "echo", `${number}.json`)).text();
  return text.includes('"state":"running"') ? "running" : "ended";
};
const idle = () => process(() => Promise.resolve(RESULT));

test("deployments of an earlier process can be read as they were, and their numbers go on", async () => {
  const outcomes = [
    (request: DeployRequest) => {
      request.onEvent?.({ type: "log", line: "a line" });
      return Promise.resolve(RESULT);
    },
    () => Promise.reject(FAILURE),
  ];
  const first = await process((request) => outcomes.shift()?.(request) ?? Promise.resolve(RESULT));
  const before = [first.deployments.start(upload()), first.deployments.start(upload())];
  await Promise.allSettled(before.map(({ done }) => done));
  await eventually(async () => expect(await Promise.all([1, 2].map(states))).toEqual(["ended", "ended"]));

  const { deployments } = await idle();
  const after = await deployments.list("echo");
  expect(after.map(viewOf)).toEqual(before.map(viewOf).toReversed());
  const [failed, succeeded] = after;
  await expect(succeeded?.done).resolves.toEqual(RESULT);
  await expect(failed?.done).rejects.toMatchObject({ code: "BUILD_FAILED", status: 422 });
  const never = new AbortController().signal;
  expect(await Array.fromAsync(succeeded?.follow(1, never) ?? [])).toMatchObject([{ id: 2 }, { id: 3 }]);
  expect(deployments.start(upload()).number).toBe(3);
});

test("one during which the runner ended has failed, and says so", async () => {
  const first = await process(({ signal = new AbortController().signal }) => untilAborted(signal));
  const cutOff = first.deployments.start(upload());
  await eventually(async () => expect(await states(1)).toBe("running"));

  const { deployments } = await idle();
  expect(viewOf(await deployments.get("echo", 1))).toMatchObject({
    state: "failed",
    finished_at: null,
    error: { code: "INTERNAL", error: expect.stringContaining("The runner ended during this deployment") },
  });
  await cutOff.cancel();
});

test("the last twenty of an agent are kept, newest first", async () => {
  const { deployments } = await idle();
  for (let count = 0; count < 22; count += 1) await deployments.start(upload()).done;
  await eventually(async () => expect(await Promise.all([3, 22].map(states))).toEqual(["ended", "ended"]));
  await eventually(async () => expect(await files()).toHaveLength(20));
  const numbers = (await deployments.list("echo")).map(({ number }) => number);
  expect(numbers).toEqual(Array.from({ length: 20 }, (_, index) => 22 - index));
  await expect(deployments.get("echo", 2)).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("those of an agent that was removed are gone, and those of none are not kept over a restart", async () => {
  const first = await idle();
  await first.deployments.start(upload()).done;
  await eventually(async () => expect(await states(1)).toBe("ended"));
  const second = await process(
    () => Promise.resolve(RESULT),
    () => false,
  );
  expect({
    found: await second.deployments.list("echo"),
    left: await readdir(join(dataDir, "deployments")),
  }).toEqual({ found: [], left: [] });
  const third = await idle();
  await third.deployments.start(upload()).done;
  await eventually(async () => expect(await states(1)).toBe("ended"));
  await third.history.forget("echo");
  expect(await third.deployments.list("echo")).toEqual([]);
});

test("a damaged record is left out, and the others are shown", async () => {
  const first = await idle();
  for (let count = 0; count < 2; count += 1) await first.deployments.start(upload()).done;
  await eventually(async () => expect(await Promise.all([1, 2].map(states))).toEqual(["ended", "ended"]));
  await writeFile(join(dataDir, "deployments", "echo", "1.json"), '{"schema":1,');
  const { deployments } = await idle();
  expect((await deployments.list("echo")).map(({ number }) => number)).toEqual([2]);
});
