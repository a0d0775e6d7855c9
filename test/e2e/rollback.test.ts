import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";

import { answering } from "../helpers/agents.ts";
import type { Client } from "../helpers/client.ts";
import { docker } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

let runner: TestRunner;
beforeAll(async () => {
  runner = await startRunner();
});
afterAll(() => runner[Symbol.asyncDispose]());

/** Answers with `text` and its secret; if it is told to wait, once its container has a file. */
const speaking = (text: string) => ({
  "oken.toml": 'name = "Speaker"\n',
  "main.py": `import asyncio, os

async def handler(input):
    while input.get("waits") and not os.path.exists("/tmp/go"):
        await asyncio.sleep(0.05)
    return [${JSON.stringify(text)}, os.environ.get("KEY")]
`,
});

const rollback = (id: string, body?: object) =>
  runner.request("POST", `/rollback/${id}`, body === undefined ? {} : { body: JSON.stringify(body) });
const outputOf = async (id: string) => (await runner.invoke(id)).body.output;
const containersOf = (id: string) => runner.containers(id);

describe("a rollback", () => {
  test("goes to the next older version, or the one named, with its secrets, and drops no request", async () => {
    for (const text of ["one", "two", "three"]) await runner.deploy("moved", speaking(text), { KEY: text });
    const { ended, statuses } = callers(runner, "moved");
    expect(await rollback("moved")).toMatchObject({ status: 200, body: { status: "running", version: 2 } });
    expect(await outputOf("moved")).toEqual(["two", "two"]);
    expect(await rollback("moved", { version: 1 })).toMatchObject({
      status: 200,
      body: {
        version: 1,
        versions: [
          { version: 1, current: true },
          { version: 2, current: false },
          { version: 3, current: false },
        ],
      },
    });
    expect(await outputOf("moved")).toEqual(["one", "one"]);
    expect(await rollback("moved", { version: 3 })).toMatchObject({ status: 200, body: { version: 3 } });
    expect(await outputOf("moved")).toEqual(["three", "three"]);
    await ended();
    expect(new Set(statuses)).toEqual(new Set([200]));
    await eventually(async () => expect((await containersOf("moved")).length).toBe(1));
  });

  test("holds after a restart, and the next deploy is a new version with a number of its own", async () => {
    for (const text of ["one", "two", "three"]) await runner.deploy("kept", answering(text));
    await rollback("kept", { version: 1 });
    expect((await runner.deploy("kept", answering("one"))).body).toMatchObject({
      version: 1,
      unchanged: true,
    });
    await runner.kill("SIGKILL");
    await runner.restart();
    expect(await outputOf("kept")).toBe("one");
    expect((await runner.request("GET", "/agents/kept")).body).toMatchObject({ version: 1 });
    await eventually(async () => expect((await containersOf("kept")).length).toBe(1));
    expect((await runner.deploy("kept", answering("three"))).body).toMatchObject({
      version: 4,
      unchanged: false,
    });
    expect(await outputOf("kept")).toBe("three");
    expect(await rollback("kept", { version: 1 })).toMatchObject({ status: 200 });
    expect(await outputOf("kept")).toBe("one");
  });

  test("to a version that still answers a request from before leaves that request alone", async () => {
    await runner.deploy("draining", speaking("one"));
    const long = runner.invoke("draining", { waits: true });
    await eventually(async () =>
      expect((await runner.request("GET", "/agents/draining")).body).toMatchObject({
        instances: [{ in_flight: 1 }],
      }),
    );
    await runner.deploy("draining", speaking("two"));
    expect((await rollback("draining")).status).toBe(200);
    expect(await outputOf("draining")).toEqual(["one", null]);
    for (const container of await containersOf("draining"))
      // That of the version between may be going.
      await docker(["exec", container, "touch", "/tmp/go"]).catch(() => []);
    expect(await long).toMatchObject({ status: 200, body: { output: ["one", null] } });
    await eventually(async () => expect((await containersOf("draining")).length).toBe(1));
  });

  test("holds after a crash, though the version it left had a request inside and the same files", async () => {
    for (const text of ["one", "two", "one"]) await runner.deploy("crashed", speaking(text));
    const long = runner.invoke("crashed", { waits: true }).catch(() => undefined);
    await eventually(async () =>
      expect((await runner.request("GET", "/agents/crashed")).body).toMatchObject({
        instances: [{ in_flight: 1 }],
      }),
    );
    await rollback("crashed", { version: 1 });
    expect((await containersOf("crashed")).length).toBe(2);
    await runner.kill("SIGKILL");
    await long;
    await runner.restart();
    await eventually(async () => expect(await containersOf("crashed")).toHaveLength(1));
    expect(await outputOf("crashed")).toEqual(["one", null]);
  });

  test("to another kind of agent changes what is served at its paths", async () => {
    await runner.deploy("kinds", answering("one"));
    await runner.deploy("kinds", {
      "oken.toml": 'name = "Kinds"\n',
      "main.py": RAW_ASGI,
    });
    expect((await runner.request("GET", "/invoke/kinds/items")).status).toBe(204);
    await rollback("kinds");
    await runner.request("POST", "/stop/kinds");
    expect(await runner.request("GET", "/invoke/kinds/items")).toMatchObject({
      status: 404,
      body: { code: "NOT_FOUND", error: expect.stringContaining("is a handler agent") },
    });
  });

  test("builds an image again that is gone, and starts an agent that was stopped", async () => {
    for (const text of ["one", "two"]) await runner.deploy("gone", answering(text));
    await runner.request("POST", "/stop/gone");
    const image = (await runner.images()).find((name) => name.includes("gone") && name.endsWith(":v1"));
    await docker(["image", "rm", "--force", String(image)]);
    expect(await rollback("gone")).toMatchObject({ status: 200, body: { status: "running", version: 1 } });
    expect(await outputOf("gone")).toBe("one");
    expect(await runner.images()).toContain(String(image));
    await eventually(async () => expect((await containersOf("gone")).length).toBe(1));
  });

  test("that fails leaves the version that serves, also for the next start", async () => {
    for (const text of ["one", "two"]) await runner.deploy("failing", answering(text));
    await rm(join(runner.dataDir, "agents/failing/versions/1/secrets.json"));
    expect(await rollback("failing")).toMatchObject({ status: 500, body: { code: "CONTAINER_ERROR" } });
    expect(await outputOf("failing")).toBe("two");
    expect((await runner.request("GET", "/agents/failing")).body).toMatchObject({ version: 2 });
    expect((await containersOf("failing")).length).toBe(1);
  });
});

const RAW_ASGI = `async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})
`;

describe("a rollback that cannot be", () => {
  test("says which versions there are", async () => {
    await runner.deploy("first", answering("one"));
    expect(await rollback("first")).toMatchObject({
      status: 404,
      body: { code: "NOT_FOUND", error: expect.stringContaining("no version older than 1") },
    });
    expect(await rollback("first", { version: 7 })).toMatchObject({
      status: 404,
      body: { code: "NOT_FOUND", error: "Agent first has no version 7; there are: 1." },
    });
    expect(await rollback("first", { version: "one" })).toMatchObject({
      status: 400,
      body: { code: "INVALID_REQUEST" },
    });
    expect(await rollback("nobody")).toMatchObject({ status: 404, body: { code: "AGENT_NOT_FOUND" } });
  });

  test("to the current version only sees to it that this serves", async () => {
    await runner.request("POST", "/stop/first");
    expect(await rollback("first", { version: 1 })).toMatchObject({
      status: 200,
      body: { status: "running" },
    });
    expect(await outputOf("first")).toBe("one");
  });
});

/** Four callers who invoke the agent over and over, until they are told to end. */
function callers(client: Client, id: string) {
  const ending = new AbortController();
  const statuses: number[] = [];
  const call = async () => {
    while (!ending.signal.aborted) statuses.push((await client.invoke(id)).status);
  };
  const calling = [call(), call(), call(), call()];
  return {
    statuses,
    ended: async () => {
      ending.abort();
      await Promise.all(calling);
    },
  };
}
