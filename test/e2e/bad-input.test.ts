import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { HANDLER } from "../helpers/agents.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";
import { tarball } from "../helpers/tarball.ts";

let runner: TestRunner;
beforeAll(async () => {
  runner = await startRunner();
});
afterAll(() => runner[Symbol.asyncDispose]());

const MANIFEST = '[agent]\nname = "Bad"\n';

async function expectNothingLeft(): Promise<void> {
  expect(await runner.containers()).toEqual([]);
  expect(await runner.images()).toEqual([]);
  expect(await readdir(join(runner.dataDir, "agents")).catch(() => [])).toEqual([]);
  expect(await readdir(join(runner.dataDir, "staging", "uploads")).catch(() => [])).toEqual([]);
  expect((await runner.request("GET", "/agents")).body).toEqual({ agents: [] });
}

async function form(fields: Record<string, string | Uint8Array<ArrayBuffer>>): Promise<FormData> {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields))
    data.set(name, typeof value === "string" ? value : new Blob([value]));
  return data;
}

describe("a wrong form is refused, and leaves nothing", () => {
  const archive = tarball(HANDLER);
  test.each([
    ["no tarball", async () => form({ agent_id: "bad" }), 400, "INVALID_REQUEST", "tarball"],
    ["no agent_id", async () => form({ tarball: await archive }), 400, "CONFIG_ERROR", "agent_id"],
    [
      "not gzip",
      async () => form({ agent_id: "bad", tarball: new Uint8Array([1, 2, 3, 4]) }),
      415,
      "ARCHIVE_NOT_GZIP",
      "gzip",
    ],
    [
      "an agent_id that climbs",
      async () => form({ agent_id: "../x", tarball: await archive }),
      400,
      "CONFIG_ERROR",
      "agent_id",
    ],
    [
      "an agent_id of 129 characters",
      async () => form({ agent_id: "a".repeat(129), tarball: await archive }),
      400,
      "CONFIG_ERROR",
      "agent_id",
    ],
    [
      "secrets that are no object",
      async () => form({ agent_id: "bad", tarball: await archive, secrets: "[1]" }),
      400,
      "CONFIG_ERROR",
      "secrets",
    ],
    [
      "secrets that are no strings",
      async () => form({ agent_id: "bad", tarball: await archive, secrets: '{"A":1}' }),
      400,
      "CONFIG_ERROR",
      "secret",
    ],
    [
      "secrets that are no JSON",
      async () => form({ agent_id: "bad", tarball: await archive, secrets: "{" }),
      400,
      "CONFIG_ERROR",
      "secrets",
    ],
  ] as const)("%s", async (_, make, status, code, mention) => {
    const answer = await runner.deployForm(await make());
    expect(answer).toMatchObject({ status, body: { code } });
    expect(answer.body.error).toContain(mention);
    await expectNothingLeft();
  });
});

describe("a wrong agent is refused with a sentence that says why, and leaves nothing", () => {
  test.each([
    ["no oken.toml", { "main.py": "" }, 400, "CONFIG_ERROR", ["oken.toml"]],
    ["invalid TOML", { "oken.toml": "name = ", "main.py": "" }, 400, "CONFIG_ERROR", ["oken.toml"]],
    ["no name", { "oken.toml": "[agent]\n", "main.py": "" }, 400, "CONFIG_ERROR", ["name"]],
    [
      "an old Python",
      { ...HANDLER, "oken.toml": `${MANIFEST}python_version = "2.7"\n` },
      400,
      "CONFIG_ERROR",
      ["python_version", "2.7"],
    ],
    ["a missing entrypoint", { "oken.toml": MANIFEST }, 400, "CONFIG_ERROR", ["main.py"]],
    [
      "a syntax error",
      { "oken.toml": MANIFEST, "main.py": "def handler(input:\n    return 1\n" },
      400,
      "CONFIG_ERROR",
      ["main.py"],
    ],
    [
      "a dependency that does not exist",
      { ...HANDLER, "requirements.txt": "oken-no-such-package-here\n" },
      400,
      "BUILD_FAILED",
      ["oken-no-such-package-here"],
    ],
    [
      "an import that fails",
      {
        "oken.toml": MANIFEST,
        "main.py": "import nothing_of_that_name\n\ndef handler(input):\n    return 1\n",
      },
      422,
      "AGENT_START_FAILED",
      ["nothing_of_that_name", "main.py"],
    ],
    [
      "an exit at start",
      {
        "oken.toml": MANIFEST,
        "main.py": "import sys\nprint('leaving')\nsys.exit(3)\n\ndef handler(input):\n    return 1\n",
      },
      422,
      "AGENT_START_FAILED",
      ["main.py"],
    ],
  ] as const)("%s", async (_, files, status, code, mentions) => {
    const answer = await runner.deploy("bad", files);
    expect(answer).toMatchObject({ status, body: { code } });
    for (const mention of mentions) expect(answer.body.error).toContain(mention);
    await expectNothingLeft();
  });
});

describe("every route answers errors as JSON", () => {
  test.each([
    ["GET", "/nothing", 404, "NOT_FOUND"],
    ["GET", "/deploy", 405, "INVALID_REQUEST"],
    ["POST", "/health", 405, "INVALID_REQUEST"],
    ["POST", "/deploy", 415, "INVALID_REQUEST"],
    ["POST", "/invoke/none", 404, "AGENT_NOT_FOUND"],
    ["POST", "/stop/none", 404, "AGENT_NOT_FOUND"],
    ["POST", "/start/none", 404, "AGENT_NOT_FOUND"],
    ["GET", "/agents/none", 404, "AGENT_NOT_FOUND"],
    ["DELETE", "/agents/none", 404, "AGENT_NOT_FOUND"],
    ["GET", "/logs/none", 404, "AGENT_NOT_FOUND"],
    ["GET", "/agents/..%2F..%2Fetc", 404, "AGENT_NOT_FOUND"],
  ] as const)("%s %s: %i %s", async (method, path, status, code) => {
    const answer = await runner.request(method, path);
    expect(answer).toMatchObject({ status, body: { error: expect.any(String), code } });
    expect(answer.headers.get("x-request-id")).toBeString();
  });
});

test("an id with capitals, dashes and underscores works on every route", async () => {
  for (const id of ["-My_Agent-", "A".repeat(128)]) {
    expect(await runner.deploy(id, HANDLER)).toMatchObject({ status: 200, body: { agent_id: id } });
    expect(await runner.invoke(id, { name: "Ada" })).toMatchObject({
      status: 200,
      body: { output: { hello: "Ada" } },
    });
    expect((await runner.request("DELETE", `/agents/${id}`)).status).toBe(204);
  }
  await expectNothingLeft();
});
