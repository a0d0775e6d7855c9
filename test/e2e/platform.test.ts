import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { HANDLER } from "../helpers/agents.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";
import { tarball } from "../helpers/tarball.ts";

/**
 * What the Platform and the `oken` CLI of today make of the runner. That the sentence of each error, all that the
 * Platform shows, has its cause is in the tables of `test/fixtures/authors`.
 */
let runner: TestRunner;
beforeAll(async () => {
  runner = await startRunner();
});
afterAll(() => runner[Symbol.asyncDispose]());

/** The form as the Platform's client sends it: parts in this order, `secrets` left out when empty, no file type. */
async function platformForm(agentId: string, files: Record<string, string>, secrets?: string) {
  const boundary = "0123456789abcdef";
  const part = (head: string) => `--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n`;
  const body = new Blob([
    part('name="agent_id"'),
    "\r\n",
    agentId,
    "\r\n",
    part('name="tarball"; filename="agent.tar.gz"'),
    "Content-Type: application/gzip\r\n\r\n",
    await tarball(files),
    "\r\n",
    ...(secrets === undefined ? [] : [part('name="secrets"'), "\r\n", secrets, "\r\n"]),
    `--${boundary}--\r\n`,
  ]);
  return { body, headers: { "content-type": `multipart/form-data; boundary=${boundary}`, accept: "*/*" } };
}

describe("what the Platform sends and reads", () => {
  test("its form deploys, and of the answer status and endpoint are what it reads", async () => {
    const answer = await runner.request(
      "POST",
      "/deploy",
      await platformForm("platform", HANDLER, '{"KEY": "value"}'),
    );
    expect(answer).toMatchObject({ status: 200, body: { status: "running", endpoint: "/invoke/platform" } });
    expect(answer.headers.get("content-type")).toStartWith("application/json");
  });

  test("an invoke that accepts anything answers JSON with the output", async () => {
    const answer = await runner.request("POST", "/invoke/platform", {
      headers: { "content-type": "application/json", accept: "*/*" },
      body: JSON.stringify({ input: { name: "Ada" } }),
    });
    expect(answer).toMatchObject({ status: 200, body: { output: { hello: "Ada" } } });
  });

  test("the files of `oken init` deploy: name and slug at the top, no table, no python_version", async () => {
    const files = { ...HANDLER, "oken.toml": 'name = "My Agent"\nslug = "my-agent"\n' };
    expect(await runner.deploy("my-agent", files)).toMatchObject({ status: 200, body: { warnings: [] } });
  });
});
