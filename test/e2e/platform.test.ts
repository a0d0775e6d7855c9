import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { HANDLER } from "../helpers/agents.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";
import { tarball } from "../helpers/tarball.ts";

/** What the Platform and the `oken` CLI of today make of the runner. */
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

  test("a generator's items come as one list", async () => {
    await runner.deploy("generator", {
      ...HANDLER,
      "main.py": "def handler(input):\n    yield 1\n    yield {'two': 2}\n",
    });
    expect((await runner.invoke("generator", {}, { headers: { accept: "*/*" } })).body.output).toEqual([
      1,
      { two: 2 },
    ]);
  });
});

describe("the `error` sentence, all that the Platform shows, has the cause", () => {
  test("of a dependency that does not exist: the package", async () => {
    const answer = await runner.deploy("broken", {
      ...HANDLER,
      "requirements.txt": "oken-no-such-package-here==1\n",
    });
    expect(answer).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining("oken-no-such-package-here"), code: "BUILD_FAILED" },
    });
  });

  test("of an import that fails: the exception and the line", async () => {
    const answer = await runner.deploy("broken", {
      ...HANDLER,
      "main.py": "x = 1\ny = x / 0\n\ndef handler(input):\n    return y\n",
    });
    expect(answer.status).toBe(422);
    expect(answer.body.error).toContain("ZeroDivisionError");
    expect(answer.body.error).toMatch(/main\.py.*\b2\b/);
  });

  test("of a handler that raises: the exception, its message and the line", async () => {
    await runner.deploy("raises", {
      ...HANDLER,
      "main.py": "def handler(input):\n    raise ValueError('no such city')\n",
    });
    const answer = await runner.invoke("raises");
    expect(answer).toMatchObject({ status: 500, body: { code: "INVOKE_FAILED" } });
    expect(answer.body.error).toContain("ValueError: no such city");
    expect(answer.body.error).toMatch(/main\.py.*\b2\b/);
  });

  test("of an http agent's own failure: its status and the text of its body", async () => {
    await runner.deploy("teapot", {
      "oken.toml": 'name = "Teapot"\n',
      "requirements.txt": "flask\n",
      "main.py":
        "from flask import Flask\n\napp = Flask(__name__)\n\n\n@app.post('/invoke')\ndef invoke():\n    return 'short and stout', 418\n",
    });
    expect(await runner.invoke("teapot")).toMatchObject({
      status: 418,
      body: { code: "INVOKE_FAILED", error: expect.stringContaining("short and stout") },
    });
  });

  test("of an http agent without POST /invoke: where its own routes are", async () => {
    await runner.deploy("routes", {
      "oken.toml": 'name = "Routes"\n',
      "requirements.txt": "flask\n",
      "main.py":
        "from flask import Flask\n\napp = Flask(__name__)\n\n\n@app.get('/hello')\ndef hello():\n    return 'hi'\n",
    });
    expect(await runner.invoke("routes")).toMatchObject({
      status: 404,
      body: { error: expect.stringContaining("/invoke/routes/{path}") },
    });
    expect(await runner.request("GET", "/invoke/routes/hello")).toMatchObject({ status: 200, body: "hi" });
  });
});
