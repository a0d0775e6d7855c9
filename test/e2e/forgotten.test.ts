import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { eventually } from "../helpers/eventually.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

const AGENT = { "oken.toml": 'name = "Left"\n', "main.py": "def handler(input):\n    return 'here'\n" };

let runner: TestRunner;
beforeAll(async () => {
  runner = await startRunner({ OKEN_CLEANUP_INTERVAL: "0.1", OKEN_STOPPED_IMAGE_TTL: "0" });
});
afterAll(() => runner[Symbol.asyncDispose]());

test("a stopped agent's image goes and is built again for its start; later all of it goes", async () => {
  const id = "left";
  await runner.deploy(id, AGENT);
  expect(await runner.images()).toHaveLength(1);
  await runner.request("POST", `/stop/${id}`);
  await eventually(async () => expect(await runner.images()).toEqual([]));
  expect((await runner.request("POST", `/start/${id}`)).body["status"]).toBe("running");

  await runner.request("POST", `/stop/${id}`);
  await runner.kill("SIGTERM");
  await runner.restart({ OKEN_STOPPED_TTL: "0.2" });
  await eventually(async () => expect((await runner.request("GET", `/agents/${id}`)).status).toBe(404));
  expect(await readdir(join(runner.dataDir, "agents"))).not.toContain(id);
});
