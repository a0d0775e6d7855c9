import { afterAll, beforeAll, expect, test } from "bun:test";

import { HANDLER } from "../helpers/agents.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

let runner: TestRunner;
beforeAll(async () => {
  runner = await startRunner();
  await runner.deploy("echo", HANDLER);
});
afterAll(() => runner[Symbol.asyncDispose]());

test("after a start with the same settings a deploy of the same source is unchanged", async () => {
  await runner.kill("SIGTERM");
  await runner.restart();
  expect((await runner.deploy("echo", HANDLER)).body).toMatchObject({ version: 1, unchanged: true });
});

// What each setting changes is tested one by one where it is read.
test.each([
  ["in the build", { OKEN_BUILD_SDIST: "deny" }],
  ["of the container", { OKEN_CONTAINER_PORT: "8081" }],
])("after a start with another setting %s it is deployed anew", async (_, settings) => {
  await runner.kill("SIGTERM");
  await runner.restart(settings);
  expect((await runner.deploy("echo", HANDLER)).body).toMatchObject({ unchanged: false });
  expect((await runner.deploy("echo", HANDLER)).body).toMatchObject({ unchanged: true });
  expect((await runner.invoke("echo")).status).toBe(200);
});
