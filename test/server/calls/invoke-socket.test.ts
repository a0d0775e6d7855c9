import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Server } from "bun";

import { retire } from "../../../src/agents/ending/retire.ts";
import { reachNothing } from "../../../src/lib/fail-points.ts";
import { agentIn, instanceOf, versionRecord } from "../../helpers/records.ts";
import { eventually } from "../../helpers/eventually.ts";
import { createFakeClock } from "../../helpers/fake-clock.ts";
import { startServer } from "../../helpers/server.ts";
import { call } from "../../helpers/socket-proxy.ts";

/** An `http` agent's server; it tells each socket what its handshake carried. */
let upstream: Server<{ headers: Headers }>;
const upstreamCloses: number[] = [];

beforeAll(() => {
  upstream = Bun.serve({
    port: 0,
    fetch(request, server) {
      if (new URL(request.url).pathname === "/no") return new Response("not here", { status: 409 });
      server.upgrade(request, { data: { headers: request.headers } });
      return undefined;
    },
    websocket: {
      open: (socket) => void socket.send(JSON.stringify(socket.data.headers)),
      message: (socket, message) => void socket.send(message),
      close: (_, code) => void upstreamCloses.push(code),
    },
  });
});
afterAll(() => upstream.stop(true));

const httpAgent = ({ concurrency = 2, timeout = 300 } = {}, origin = upstream.url.origin) =>
  agentIn("running", {
    instance: instanceOf(
      {
        ...versionRecord(1),
        manifest: { ...versionRecord(1).manifest, concurrency, timeout },
        entrypoint: { ...versionRecord(1).entrypoint, type: "http" },
      },
      { origin },
    ),
  });

test("a WebSocket holds a slot of its agent until it closes", async () => {
  const agent = httpAgent();
  await using server = await startServer(agent);
  using caller = call(`${server.socketUrl}/invoke/echo/chat`);
  await caller.opened;
  expect(agent.instance?.inFlight).toBe(1);
  caller.socket.close(1000);
  await eventually(() => expect(agent.instance?.inFlight).toBe(0));
  expect(server.lines.map(({ msg, status, code, by }) => ({ msg, status, code, by }))).toEqual([
    { msg: "request", status: 101, code: undefined, by: undefined },
    { msg: "websocket closed", status: undefined, code: 1000, by: "caller" },
  ]);
});

test("one more than the concurrency waits for its turn", async () => {
  await using server = await startServer(httpAgent({ concurrency: 1 }));
  using first = call(`${server.socketUrl}/invoke/echo/chat`);
  await first.opened;
  using second = call(`${server.socketUrl}/invoke/echo/chat`);
  const order: string[] = [];
  void second.opened.then(() => order.push("second opened"));
  first.socket.send("still here");
  await first.next();
  await first.next();
  order.push("first closes");
  first.socket.close();
  await second.opened;
  expect(order).toEqual(["first closes", "second opened"]);
});

test("one more than the queue takes is answered AGENT_BUSY", async () => {
  await using server = await startServer(httpAgent({ concurrency: 1 }), { OKEN_QUEUE_TIMEOUT: "0.1" });
  using first = call(`${server.socketUrl}/invoke/echo/chat`);
  await first.opened;
  using second = call(`${server.socketUrl}/invoke/echo/chat`);
  expect((await second.refused).statusCode).toBe(429);
});

test("a refusal of the agent is answered as it is, and its slot is free again", async () => {
  const agent = httpAgent();
  await using server = await startServer(agent);
  using caller = call(`${server.socketUrl}/invoke/echo/no`);
  const response = await caller.refused;
  expect(response.statusCode).toBe(409);
  expect(Buffer.concat(await Array.fromAsync(response)).toString()).toBe("not here");
  expect(agent.instance?.inFlight).toBe(0);
});

test("an agent that cannot be reached is INVOKE_FAILED, and its slot is free again", async () => {
  const agent = httpAgent({}, "http://127.0.0.1:1");
  await using server = await startServer(agent);
  using caller = call(`${server.socketUrl}/invoke/echo/chat`);
  const response = await caller.refused;
  expect(response.statusCode).toBe(502);
  expect(JSON.parse(Buffer.concat(await Array.fromAsync(response)).toString())).toMatchObject({
    code: "INVOKE_FAILED",
    error: "Agent echo could not be connected to.",
  });
  expect(agent.instance?.inFlight).toBe(0);
});

test("an agent that never answers the handshake is timed out", async () => {
  const silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
  const agent = httpAgent({ timeout: 0.1 }, `http://127.0.0.1:${silent.port}`);
  await using server = await startServer(agent);
  using caller = call(`${server.socketUrl}/invoke/echo/chat`);
  expect((await caller.refused).statusCode).toBe(504);
  expect(agent.instance?.inFlight).toBe(0);
  silent.stop(true);
});

test("a caller who leaves during the handshake frees the slot", async () => {
  const reached = Promise.withResolvers<void>();
  const silent = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { data: () => reached.resolve() },
  });
  const agent = httpAgent({}, `http://127.0.0.1:${silent.port}`);
  await using server = await startServer(agent);
  using caller = call(`${server.socketUrl}/invoke/echo/chat`);
  await reached.promise;
  caller.socket.terminate();
  await eventually(() => expect(agent.instance?.inFlight).toBe(0));
  silent.stop(true);
});

test("the runner's token is needed, and does not reach the agent", async () => {
  const token = "a token of some length";
  await using server = await startServer(httpAgent(), { OKEN_API_TOKEN: token });
  using stranger = call(`${server.socketUrl}/invoke/echo/chat`);
  expect((await stranger.refused).statusCode).toBe(401);
  using caller = call(`${server.socketUrl}/invoke/echo/chat`, [], {
    headers: { authorization: `Bearer ${token}`, cookie: "a=1", "x-request-id": "mine" },
  });
  const seen = JSON.parse(String(await caller.next()));
  expect(seen).toMatchObject({ cookie: "a=1", "x-request-id": "mine" });
  expect(seen).not.toHaveProperty("authorization");
});

test("an Authorization of the agent's own is passed on when the runner has no token", async () => {
  await using server = await startServer(httpAgent());
  using caller = call(`${server.socketUrl}/invoke/echo/chat`, [], { headers: { authorization: "Basic x" } });
  expect(JSON.parse(String(await caller.next()))["authorization"]).toBe("Basic x");
});

test("a handler has no paths, and so no WebSockets", async () => {
  await using server = await startServer(agentIn("running"));
  using caller = call(`${server.socketUrl}/invoke/echo/chat`);
  const response = await caller.refused;
  expect(response.statusCode).toBe(404);
  expect(JSON.parse(Buffer.concat(await Array.fromAsync(response)).toString()).code).toBe("NOT_FOUND");
});

test.each([
  ["of another version", { "Sec-WebSocket-Version": "8", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==" }],
  ["without a key", { "Sec-WebSocket-Version": "13" }],
  ["with a wrong key", { "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "abc" }],
])("a handshake %s is told what is wanted", async (_, headers) => {
  await using server = await startServer(httpAgent());
  const response = await fetch(`${server.url}/invoke/echo/chat`, {
    headers: { Upgrade: "websocket", Connection: "Upgrade", ...headers },
  });
  expect(response.status).toBe(400);
  expect(response.headers.get("sec-websocket-version")).toBe("13");
  expect(await response.json()).toMatchObject({ code: "INVALID_REQUEST" });
});

test("a subprotocol that is not a token is refused by name", async () => {
  await using server = await startServer(httpAgent());
  const response = await fetch(`${server.url}/invoke/echo/chat`, {
    headers: {
      Upgrade: "websocket",
      Connection: "Upgrade",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
      "Sec-WebSocket-Protocol": "chat, a b",
    },
  });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({
    code: "INVALID_REQUEST",
    error: expect.stringContaining('offers "a b"'),
  });
});

test("a redeploy leaves a WebSocket open for the agent's timeout, then closes it with 1012", async () => {
  const agent = httpAgent({ timeout: 300 });
  const { instance } = agent;
  const clock = createFakeClock();
  await using server = await startServer(agent);
  using caller = call(`${server.socketUrl}/invoke/echo/chat`);
  await caller.next();
  const stopped: string[] = [];
  const instances = { remove: async () => void stopped.push("removed") };
  if (instance === undefined) throw new Error("the agent has no instance");
  const retired = retire({ instances, clock, reach: reachNothing }, agent, instance);
  await clock.advance(299_999);
  caller.socket.send("still served");
  expect(await caller.next()).toBe("still served");
  expect(stopped).toEqual([]);
  await clock.advance(1);
  expect(await caller.closed).toEqual({ code: 1012, reason: "A newer version of the agent was deployed." });
  await retired;
  expect(stopped).toEqual(["removed"]);
});

test("a runner that ends closes with 1001, to both sides", async () => {
  const agent = httpAgent();
  const server = await startServer(agent);
  using caller = call(`${server.socketUrl}/invoke/echo/chat`);
  await caller.next();
  upstreamCloses.length = 0;
  const startedAt = performance.now();
  await server.stop(10_000);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  expect(await caller.closed).toEqual({ code: 1001, reason: "The runner is shutting down." });
  await eventually(() => expect(upstreamCloses).toEqual([1001]));
});
