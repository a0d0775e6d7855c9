import { expect, test } from "bun:test";

import { serveStandby } from "../../../src/server/listening/standby.ts";
import { StartError } from "../../../src/lib/start-error.ts";

const LISTEN = { host: "127.0.0.1", port: 0, socket: undefined, tls: undefined };

test("a runner that waits answers everybody with who serves, and says so to probes", async () => {
  let why = "This runner is starting.";
  await using server = await serveStandby(LISTEN, () => why);
  why = "standby: process 7 on n1 is active, at http://10.0.0.11:8000.";
  const health = await fetch(`http://127.0.0.1:${server.port}/health`);
  expect(health.status).toBe(503);
  expect(await health.json()).toEqual({ status: "degraded", agents_running: 0, checks: { standby: why } });
  const invoke = await fetch(`http://127.0.0.1:${server.port}/invoke/echo`, { method: "POST", body: "{}" });
  expect({ status: invoke.status, retryAfter: invoke.headers.get("retry-after") }).toEqual({
    ...{ status: 503, retryAfter: "5" },
  });
  expect(await invoke.json()).toEqual({ error: why, code: "ENGINE_UNAVAILABLE" });
});

test("a port that is taken ends the start with a sentence", async () => {
  await using server = await serveStandby(LISTEN, () => "");
  await expect(serveStandby({ ...LISTEN, port: server.port }, () => "")).rejects.toThrow(StartError);
});

test("it leaves its port at once", async () => {
  const server = await serveStandby(LISTEN, () => "");
  await server[Symbol.asyncDispose]();
  await using next = await serveStandby({ ...LISTEN, port: server.port }, () => "");
  expect(next.port).toBe(server.port);
});
