import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import type { FailPoint } from "../../src/lib/fail-points.ts";
import { HANDLER } from "../helpers/agents.ts";
import { BINARY } from "../helpers/binary.ts";
import { docker } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

/** The runner as it is, but that it can be killed at a step. */
const MORTAL = join(tmpdir(), `oken-mortal-${process.pid}`);

type Deed = "deploy" | "rollback" | "stop" | "start" | "remove";

/** The step at which it is killed, what it was doing, and what must be there after its next start. */
type Death = [step: FailPoint, deed: Deed, outcome: number | "stopped" | "gone"];

/** One after the other on one agent. `test/agents/crash.test.ts` tries every step, without an engine. */
const DEATHS: Death[] = [
  ["deploy.started", "deploy", 1],
  ["commit.written", "deploy", 2],
  ["stop.written", "stop", "stopped"],
];

const LONG: Death[] = [
  ["start.ready", "start", "stopped"],
  ["start.written", "start", 2],
  ["deploy.extracted", "deploy", 2],
  ["deploy.kept", "deploy", 2],
  ["deploy.built", "deploy", 2],
  ["retire.drained", "deploy", 3],
  ["rollback.started", "rollback", 3],
  ["commit.flipped", "rollback", 2],
  ["remove.stopped", "remove", 2],
  ["remove.emptied", "remove", 2],
  ["remove.renamed", "remove", "gone"],
];

const isLong = Bun.env["OKEN_TEST_LONG"] === "yes";

beforeAll(async () => {
  const build = Bun.spawn([resolve(import.meta.dir, "../../scripts/build"), "--fail-points", MORTAL]);
  expect(await build.exited).toBe(0);
});

afterAll(() => rm(MORTAL, { force: true }));

test("the executable that people get cannot be killed at a step", async () => {
  const executables = [await readFile(BINARY), await readFile(MORTAL)];
  expect(executables.map((content) => content.includes("TEST_FAIL_POINT"))).toEqual([false, true]);
});

test("a runner that is killed at a step leaves what was or what is to be, and nothing else", async () => {
  await using runner = await startRunner({}, [], MORTAL);
  await runner.deploy("mortal", HANDLER);
  for (const [step, deed, outcome] of isLong ? [...DEATHS, ...LONG] : DEATHS) {
    await runner.kill("SIGTERM");
    await runner.restart({ TEST_FAIL_POINT: step });
    await act(runner, deed, step).catch(() => undefined);
    await eventually(() => expect(runner.request("GET", "/health")).rejects.toThrow());
    expect(await runner.kill("SIGKILL")).toBe(137);
    await runner.restart();
    await eventually(() => expectOutcome(runner, step, outcome));
  }
});

function act(runner: TestRunner, deed: Deed, content: string): Promise<unknown> {
  if (deed === "deploy") return runner.deploy("mortal", { ...HANDLER, "new.txt": content });
  if (deed === "remove") return runner.request("DELETE", "/agents/mortal");
  return runner.request("POST", `/${deed}/mortal`);
}

async function expectOutcome(runner: TestRunner, step: FailPoint, outcome: Death[2]): Promise<void> {
  const versions = await readdir(join(runner.dataDir, "agents/mortal/versions")).catch(() => []);
  const label = `label=oken.runner=${await runnerIdOf(runner)}`;
  const running = await docker(["ps", "--filter", label, "--format", '{{.Label "oken.version"}}']);
  const staging = await readdir(join(runner.dataDir, "staging")).catch(() => []);
  // A call first: of an agent whose removal was cut off the image is built again.
  const status = typeof outcome === "number" ? (await runner.invoke("mortal", { name: "Ada" })).status : 200;
  const [images, containers] = [(await runner.images()).length, (await runner.containers()).length];
  expect({ step, status, images, containers, staging }).toEqual({
    step,
    status: 200,
    images: versions.length,
    containers: outcome === "gone" ? 0 : 1,
    staging: [],
  });
  const { body } = await runner.request("GET", "/agents/mortal");
  if (typeof outcome === "number") expect(body).toMatchObject({ status: "running", version: outcome });
  else expect(running).toEqual([]);
  if (outcome === "stopped") expect(body).toMatchObject({ status: "stopped" });
}

async function runnerIdOf({ dataDir }: TestRunner): Promise<string> {
  const identity: { runnerId: string } = await Bun.file(join(dataDir, "runner.json")).json();
  return identity.runnerId;
}
