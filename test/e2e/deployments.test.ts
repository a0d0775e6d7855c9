import { afterAll, beforeAll, describe, expect, test } from "bun:test";

import { HANDLER, answering } from "../helpers/agents.ts";
import { eventually } from "../helpers/eventually.ts";
import { MEASURED } from "../helpers/measured.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";
import { type SentEvent, readEvents } from "../helpers/sse.ts";
import { tarball } from "../helpers/tarball.ts";

let runner: TestRunner;
beforeAll(async () => {
  runner = await startRunner();
});
afterAll(() => runner[Symbol.asyncDispose]());

/** Installs for so long that there is time to watch and to cancel. */
const SLOW_START = {
  ...HANDLER,
  "main.py": "import time\n\ntime.sleep(30)\n\ndef handler(input):\n    return 1\n",
};

async function post(
  agentId: string,
  files: Record<string, string>,
  headers: Record<string, string>,
): Promise<Response> {
  const form = new FormData();
  form.set("agent_id", agentId);
  form.set("tarball", new Blob([await tarball(files)]), "agent.tar.gz");
  return fetch(`${runner.url}/deploy`, { method: "POST", body: form, headers });
}

const names = (events: SentEvent[]) => events.map(({ event }) => event);
const phases = (events: SentEvent[]) =>
  events.filter(({ event }) => event === "phase").map(({ data }) => JSON.parse(data).phase);

describe("a deploy that is watched", () => {
  test("streams its phases and its build's log, and then its result", async () => {
    const response = await post(
      "watched",
      { ...HANDLER, "requirements.txt": "six==1.17.0\n" },
      { accept: "text/event-stream" },
    );
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toStartWith("text/event-stream");
    const events = await Array.fromAsync(readEvents(response));
    expect(phases(events)).toEqual(["received", "extracted", "detected", "building", "starting", "ready"]);
    expect(names(events)).toContain("log");
    expect(events.at(-1)).toMatchObject({
      event: "result",
      data: expect.stringContaining('"status":"running"'),
    });
    expect(events.filter(({ event }) => event === "result" || event === "error").length).toBe(1);
  });

  test("ends with one error when it fails, and has its real status when the form itself is wrong", async () => {
    const response = await post(
      "failing",
      { ...HANDLER, "oken.toml": "[agent]\n" },
      { accept: "text/event-stream" },
    );
    expect(response.status).toBe(200);
    const events = await Array.fromAsync(readEvents(response));
    expect(events.at(-1)).toMatchObject({
      event: "error",
      data: expect.stringContaining('"code":"CONFIG_ERROR"'),
    });
    expect((await post("../x", HANDLER, { accept: "text/event-stream" })).status).toBe(400);
  });
});

describe("a deploy that answers at once", () => {
  test("is a resource that tells how it goes, and whose log is replayed from any event", async () => {
    const response = await post("async", HANDLER, { prefer: "respond-async" });
    expect(response.status).toBe(202);
    expect(response.headers.get("location")).toBe("/agents/async/deployments/1");
    const location = String(response.headers.get("location"));
    const whole = await Array.fromAsync(
      readEvents(await fetch(runner.url + location, { headers: { accept: "text/event-stream" } })),
    );
    expect(names(whole).at(-1)).toBe("result");
    const middle = whole[3];
    const rest = await fetch(runner.url + location, {
      headers: { accept: "text/event-stream", "last-event-id": String(middle?.id) },
    });
    expect(await Array.fromAsync(readEvents(rest))).toEqual(whole.slice(4));
    expect((await runner.request("GET", location)).body).toMatchObject({
      state: "succeeded",
      result: { status: "running", version: 1 },
      error: null,
    });
    expect((await runner.invoke("async", { name: "Ada" })).status).toBe(200);
  });

  test(
    "can be cancelled within two seconds, leaves nothing, and the old version goes on",
    async () => {
      await runner.deploy("cancelled", answering("old"));
      const location = String(
        (await post("cancelled", SLOW_START, { prefer: "respond-async" })).headers.get("location"),
      );
      await eventually(async () =>
        expect((await runner.request("GET", location)).body["phases"]).toContain("starting"),
      );
      const startedAt = performance.now();
      const cancelled = await runner.request("DELETE", location);
      expect(performance.now() - startedAt).toBeLessThan(2_000);
      expect(cancelled).toMatchObject({
        status: 200,
        body: { state: "cancelled", error: { code: "DEPLOY_CONFLICT" } },
      });
      expect(await runner.containers("cancelled")).toHaveLength(1);
      expect((await runner.images()).filter((name) => name.includes("cancelled")).length).toBe(1);
      expect((await runner.invoke("cancelled")).body.output).toBe("old");
    },
    MEASURED,
  );

  test("that is not known is not found", async () => {
    for (const path of [
      "/agents/async/deployments/99",
      "/agents/async/deployments/x",
      "/agents/none/deployments/1",
    ]) {
      expect(await runner.request("GET", path)).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
    }
  });
});

test("a caller who leaves does not cancel the deploy", async () => {
  const leaving = new AbortController();
  const form = new FormData();
  form.set("agent_id", "abandoned");
  form.set("tarball", new Blob([await tarball(HANDLER)]), "agent.tar.gz");
  const call = fetch(`${runner.url}/deploy`, { method: "POST", body: form, signal: leaving.signal });
  await eventually(async () =>
    expect((await runner.request("GET", "/agents/abandoned/deployments/1")).body["phases"]).toContain(
      "building",
    ),
  );
  leaving.abort();
  await call.catch(() => undefined);
  await eventually(async () => expect((await runner.invoke("abandoned", { name: "Ada" })).status).toBe(200));
});
