import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { ASYNC_HANDLER, CLASS_AGENT, FASTAPI, FLASK, HANDLER } from "../helpers/agents.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

let runner: TestRunner;
beforeAll(async () => {
  runner = await startRunner();
});
afterAll(() => runner[Symbol.asyncDispose]());

describe("each kind of entrypoint is deployed and answers", () => {
  test.each([
    ["handler", "handler", HANDLER],
    ["async-handler", "handler", ASYNC_HANDLER],
    ["agent-class", "agent", CLASS_AGENT],
    ["fastapi", "http", FASTAPI],
    ["flask", "http", FLASK],
  ] as const)("%s", async (id, type, files) => {
    const deployed = await runner.deploy(id, files);
    expect(deployed).toMatchObject({
      status: 200,
      body: {
        agent_id: id,
        status: "running",
        endpoint: `/invoke/${id}`,
        version: 1,
        entrypoint_type: type,
        unchanged: false,
      },
    });
    expect(await runner.invoke(id, { name: "Ada" })).toMatchObject({
      status: 200,
      body: { output: { hello: "Ada" } },
    });
  });
});
