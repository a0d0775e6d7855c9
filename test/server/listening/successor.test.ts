import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createLog } from "../../../src/lib/log.ts";
import { callerHandlers, type Tunnel } from "../../../src/proxy/tunnel.ts";
import { answerBySuccessor, serveForPredecessor } from "../../../src/server/listening/successor.ts";
import { agentIn, instanceOf, versionRecord } from "../../helpers/records.ts";
import { startServer } from "../../helpers/server.ts";
import { call } from "../../helpers/socket-proxy.ts";

const MAX_MESSAGE = 1024;

/** An application that says what it was sent, and echoes what a WebSocket says. */
const upstream = Bun.serve<Record<string, string>>({
  port: 0,
  fetch(request, server) {
    const headers = Object.fromEntries(request.headers);
    if (request.url.endsWith("/no")) return new Response("not here", { status: 403 });
    if (server.upgrade(request, { data: headers, headers: { "x-agent": "1" } })) return undefined;
    return Response.json(headers);
  },
  websocket: {
    open: (socket) => void socket.send(JSON.stringify(socket.data)),
    message: (socket, message) => void socket.send(message),
  },
});

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "oken-successor-"));
});
afterAll(async () => {
  await upstream.stop(true);
  await rm(directory, { recursive: true });
});

/** A runner that has taken over, and the one before, which has nothing of its own left. */
async function fixture(env: Record<string, string> = {}) {
  const version = versionRecord(1);
  const entrypoint = { ...version.entrypoint, type: "http" as const };
  const instance = instanceOf({ ...version, entrypoint }, { origin: upstream.url.origin });
  const runner = await startServer(agentIn("running", { instance }), env);
  const path = join(directory, `${runner.port}.sock`);
  const taken = serveForPredecessor(path, runner.gate, { maxMessageBytes: MAX_MESSAGE });
  const log = createLog({ level: "silent", format: "json" });
  const elsewhere = answerBySuccessor(path, { log, maxMessageBytes: MAX_MESSAGE });
  const before = Bun.serve<Tunnel>({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, server) => elsewhere(request, server),
    websocket: callerHandlers({ maxMessageBytes: MAX_MESSAGE, tunnels: new Set() }),
  });
  return {
    url: before.url.origin,
    socketUrl: before.url.origin.replace("http", "ws"),
    instance,
    taken,
    async [Symbol.asyncDispose]() {
      await before.stop(true);
      await taken[Symbol.asyncDispose]();
      await runner[Symbol.asyncDispose]();
    },
  };
}

test("a request on an old connection is answered by the new runner, which knows its caller", async () => {
  await using runners = await fixture();
  for (const connection of ["keep-alive", "x-oken-peer, close", "upgrade"]) {
    const answer = await fetch(`${runners.url}/invoke/echo/x`, {
      headers: { connection, upgrade: "h2c", "x-oken-peer": "192.0.2.1" },
    });
    expect(answer.headers.get("connection")).toBe("close");
    expect(await answer.json()).toMatchObject({ "x-forwarded-for": "127.0.0.1" });
  }
});

test("a WebSocket that is asked for there opens, and ends for both sides", async () => {
  await using runners = await fixture();
  using caller = call(`${runners.socketUrl}/invoke/echo/chat?a=1`);
  expect(JSON.parse(String(await caller.next()))).toMatchObject({ "x-forwarded-for": "127.0.0.1" });
  caller.socket.send("hello");
  expect(await caller.next()).toBe("hello");
  expect(runners.instance.inFlight).toBe(1);
  caller.socket.close(1000, "done");
  expect(await caller.closed).toEqual({ code: 1000, reason: "done" });
  while (runners.instance.inFlight > 0) await Bun.sleep(5);
});

test("so does its refusal, by the agent or by the runner", async () => {
  await using runners = await fixture();
  using caller = call(`${runners.socketUrl}/invoke/echo/no`);
  expect((await caller.refused).statusCode).toBe(403);
  const page = { headers: { origin: "https://evil.example" } };
  using other = call(`${runners.socketUrl}/invoke/echo/chat`, [], page);
  const { statusCode, headers } = await other.refused;
  expect([statusCode, headers["connection"]]).toEqual([403, "close"]);
});

test("it ends with the new runner, which says so", async () => {
  await using runners = await fixture();
  using caller = call(`${runners.socketUrl}/invoke/echo/chat`);
  await caller.next();
  await runners.taken[Symbol.asyncDispose]();
  expect(await caller.closed).toEqual({ code: 1001, reason: "The runner is shutting down." });
});
