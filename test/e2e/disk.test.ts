import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { docker } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

/** Sleeps a second after its last invoke. */
const SLEEPER = {
  "oken.toml": 'name = "Sleeper"\nwarm_timeout = 1\n',
  "main.py": "def handler(input):\n    return 'here'\n",
};

let runner: TestRunner;
beforeAll(async () => {
  runner = await startRunner({ OKEN_CLEANUP_INTERVAL: "0.1" });
});
afterAll(() => runner[Symbol.asyncDispose]());

const invoke = async (id: string) => (await runner.invoke(id)).body.output;

async function runnerLabel(): Promise<string> {
  const { runnerId } = JSON.parse(await readFile(join(runner.dataDir, "runner.json"), "utf8"));
  return `oken.runner=${runnerId}`;
}

test("whatever docker's own prune commands take of an agent that sleeps, its next call makes it again", async () => {
  await runner.deploy("pruned", SLEEPER);
  const filter = ["--force", "--filter", `label=${await runnerLabel()}`];
  // Once they sleep, their containers have stopped a little later.
  await eventually(async () => {
    await docker(["container", "prune", ...filter]);
    expect(await runner.containers()).toEqual([]);
  });
  await docker(["image", "prune", "--all", ...filter]);
  await docker(["network", "rm", runner.network]);
  expect(await runner.images()).toEqual([]);
  expect(await invoke("pruned")).toBe("here");
});
