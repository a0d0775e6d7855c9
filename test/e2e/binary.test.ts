import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import packageJson from "../../package.json" with { type: "json" };
import { HANDLER } from "../helpers/agents.ts";
import { BINARY, runBinary } from "../helpers/binary.ts";
import { eventually } from "../helpers/eventually.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

describe("the command line", () => {
  test("says its version", async () => {
    expect(await runBinary(["--version"])).toEqual({
      out: `oken-runner ${packageJson.version}\n`,
      error: "",
      code: 0,
    });
  });

  test("serve --help names every setting with its default", async () => {
    const { out, code } = await runBinary(["serve", "--help"]);
    expect(code).toBe(0);
    for (const name of [
      "OKEN_DATA_DIR",
      "OKEN_DOCKER_NETWORK",
      "OKEN_DEFAULT_WARM_TIMEOUT",
      "OKEN_CLEANUP_INTERVAL",
    ])
      expect(out).toContain(name);
  });

  test.each([[[]], [["deploy-everything"]], [["serve", "--no-such-flag"]]])(
    "%p is refused with help",
    async (args) => {
      const { out, error, code } = await runBinary(args);
      expect({ out, code }).toEqual({ out: "", code: 2 });
      expect(error).toContain("oken-runner");
    },
  );

  test("a bad setting ends the start with one sentence", async () => {
    expect(await runBinary(["serve"], { OKEN_CLEANUP_INTERVAL: "soon" })).toEqual({
      out: "",
      error: 'oken-runner: OKEN_CLEANUP_INTERVAL is "soon", but must be a number from 0.05 to 86400.\n',
      code: 2,
    });
  });
});

test("a .env or bunfig.toml where the runner is started changes nothing", async () => {
  const directory = await mkdtemp(join(tmpdir(), "oken-stray-"));
  try {
    await writeFile(join(directory, ".env"), "OKEN_PORT=not-a-port\n");
    await writeFile(join(directory, "bunfig.toml"), 'preload = ["./evil.ts"]\n');
    await writeFile(join(directory, "evil.ts"), 'console.log("evil ran");\n');
    const child = Bun.spawn([BINARY, "serve", "--help"], { cwd: directory, stdout: "pipe" });
    expect(await child.stdout.text()).not.toContain("evil");
    expect(await child.exited).toBe(0);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

let runner: TestRunner;
beforeAll(async () => {
  runner = await startRunner({ OKEN_ALLOWED_HOSTS: "h" });
});
afterAll(() => runner[Symbol.asyncDispose]());

test("a request is one log line, with the caller's id if it is safe", async () => {
  const named = await runner.request("GET", "/agents/none", { headers: { "x-request-id": "call-7" } });
  expect(named.headers.get("x-request-id")).toBe("call-7");
  const unusable = await runner.request("GET", "/agents", { headers: { "x-request-id": 'a"b c' } });
  expect(unusable.headers.get("x-request-id")).not.toBe('a"b c');
  await eventually(() =>
    expect(runner.log().filter((line) => line["request_id"] === "call-7")).toEqual([
      expect.objectContaining({
        method: "GET",
        path: "/agents/none",
        status: 404,
        agent_id: "none",
        level: "info",
      }),
    ]),
  );
});

test("a host name of one letter reaches the same routes", async () => {
  const answer = await runner.request("GET", "/agents", { headers: { host: "h" } });
  expect(answer).toMatchObject({ status: 200, body: { agents: [] } });
});

test("with a token every route but health needs it", async () => {
  const token = "a-token-of-more-than-sixteen-characters";
  await runner.kill("SIGTERM");
  await runner.restart({ OKEN_API_TOKEN: token });
  expect((await runner.request("GET", "/health")).status).toBe(200);
  for (const [method, path] of [
    ["GET", "/agents"],
    ["POST", "/invoke/x"],
    ["GET", "/logs/x"],
    ["GET", "/nothing"],
  ] as const) {
    const refused = await runner.request(method, path);
    expect(refused).toMatchObject({ status: 401, body: { code: "UNAUTHORIZED" } });
    expect(refused.headers.get("www-authenticate")).toStartWith("Bearer");
  }
  const wrong = await runner.request("GET", "/agents", { headers: { authorization: "Bearer wrong" } });
  expect(wrong.status).toBe(401);
  expect(
    (await runner.request("GET", "/agents", { headers: { authorization: `Bearer ${token}` } })).status,
  ).toBe(200);
});

test("without an engine the runner starts, says so on health, and refuses deploys", async () => {
  await runner.kill("SIGTERM");
  await runner.restart({ DOCKER_HOST: "unix:///nonexistent/docker.sock" });
  const health = await runner.request("GET", "/health");
  expect(health).toMatchObject({
    status: 503,
    body: { status: "degraded", agents_running: 0, checks: { engine: expect.any(String) } },
  });
  expect(await runner.deploy("none", HANDLER)).toMatchObject({
    status: 503,
    body: { code: "ENGINE_UNAVAILABLE" },
  });
});
