import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Server } from "bun";

import { agentIn, instanceOf, versionRecord } from "../helpers/records.ts";
import { eventually } from "../helpers/eventually.ts";
import { sendRaw } from "../helpers/raw-http.ts";
import { startServer } from "../helpers/server.ts";
import { call } from "../helpers/socket-proxy.ts";
import { CALLER, type Recorded, recordedTracing, treeOf } from "../helpers/tracing.ts";

/** An agent's server. It tells what it was told of the trace. */
let upstream: Server<ReturnType<typeof told>>;
let finish = Promise.withResolvers<void>();

const told = ({ headers }: Request) => ({
  traceparent: headers.get("traceparent"),
  tracestate: headers.get("tracestate"),
});

beforeAll(() => {
  upstream = Bun.serve<ReturnType<typeof told>>({
    port: 0,
    routes: {
      "/invoke": (request: Request) => Response.json({ output: told(request) }),
      "/fail": () => Response.json({ error: "no" }, { status: 500 }),
      "/stream": () => new Response(slowly(finish.promise)),
    },
    fetch(request, server) {
      if (server.upgrade(request, { data: told(request) })) return undefined;
      return Response.json(told(request));
    },
    websocket: { open: (socket) => void socket.send(JSON.stringify(socket.data)), message: () => undefined },
  });
});
afterAll(() => upstream.stop(true));

function slowly(end: Promise<void>): ReadableStream<string> {
  return new ReadableStream({
    async start(controller) {
      controller.enqueue("begun\n");
      await end;
      controller.close();
    },
  });
}

/** The runner's server in front of an `http` agent that is there. */
async function fixture(origin = upstream.url.origin) {
  const tracing = recordedTracing();
  const version = versionRecord(1);
  const entrypoint = { ...version.entrypoint, type: "http" as const };
  const agent = agentIn("running", { instance: instanceOf({ ...version, entrypoint }, { origin }) });
  const server = await startServer(agent, {}, tracing.tracer);
  return { ...tracing, agent, server, url: `${server.url}/invoke/echo` };
}

const named = (spans: Recorded[], name: string) => {
  const found = spans.find((span) => span.name === name);
  if (found === undefined) throw new Error(`no span ${name}: ${spans.map((span) => span.name).join(", ")}`);
  return found;
};

test("an invoke is a span below its caller's, and the agent's parent is the request to it", async () => {
  const { url, spans, server, agent } = await fixture();
  const headers = { ...CALLER.headers, "x-request-id": "call-7", "user-agent": "me" };
  const response = await fetch(url, { method: "POST", headers, body: '{"input": {}}' });
  const answer = await response.json();
  await server[Symbol.asyncDispose]();
  const found = await spans();
  expect(treeOf(found, CALLER.spanId)).toEqual([{ "POST /invoke/{id}": ["POST /invoke"] }]);
  const request = named(found, "POST /invoke");
  expect(answer).toEqual({
    output: { traceparent: `00-${CALLER.traceId}-${request.id}-01`, tracestate: "vendor=1" },
  });
  const { hostname, port } = upstream.url;
  expect(request).toMatchObject({
    kind: "CLIENT",
    status: "UNSET",
    attributes: {
      "http.request.method": "POST",
      "http.response.status_code": 200,
      "server.address": hostname,
      "server.port": Number(port),
      "url.full": `${upstream.url.origin}/invoke`,
      "oken.agent.id": "echo",
      "oken.agent.version": 1,
      "oken.instance": agent.instance?.container.name,
    },
  });
  expect(named(found, "POST /invoke/{id}")).toMatchObject({
    kind: "SERVER",
    status: "UNSET",
    attributes: {
      "http.request.method": "POST",
      "http.route": "/invoke/{id}",
      "http.response.status_code": 200,
      "url.path": "/invoke/echo",
      "url.scheme": "http",
      "user_agent.original": "me",
      "faas.coldstart": false,
      "oken.agent.id": "echo",
      "oken.request.id": "call-7",
    },
  });
  expect(server.lines).toEqual([expect.objectContaining({ msg: "request", trace_id: CALLER.traceId })]);
});

test("a path of the agent's own server is named by its method alone, and has no query", async () => {
  const { url, spans, server } = await fixture();
  const answer = await (await fetch(`${url}/items/7?key=secret`)).json();
  await server[Symbol.asyncDispose]();
  const found = await spans();
  const request = named(found, "GET");
  expect(answer).toMatchObject({ traceparent: `00-${request.trace}-${request.id}-01` });
  expect(request.attributes["url.full"]).toBe(`${upstream.url.origin}/items/7`);
  expect(named(found, "GET /invoke/{id}/{path}").attributes["url.path"]).toBe("/invoke/echo/items/7");
  expect(JSON.stringify(found)).not.toContain("secret");
});

test.each(["//elsewhere:99/x", "//[", "/%"])("the path %p is told as it was sent", async (path) => {
  const { spans, server } = await fixture();
  const request = `GET /invoke/echo${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`;
  expect(await sendRaw(server.port, request)).toStartWith("HTTP/1.1 200 ");
  await server[Symbol.asyncDispose]();
  const found = await spans();
  expect(named(found, "GET").attributes).toMatchObject({
    "server.address": upstream.url.hostname,
    "url.full": upstream.url.origin + path,
  });
  expect(named(found, "GET /invoke/{id}/{path}").attributes["url.path"]).toBe(`/invoke/echo${path}`);
});

test("an agent that answers 500 makes both spans errors", async () => {
  const { url, spans, server } = await fixture();
  expect((await fetch(`${url}/fail`)).status).toBe(500);
  await server[Symbol.asyncDispose]();
  const failed = { status: "ERROR", attributes: { "error.type": "500", "http.response.status_code": 500 } };
  expect(await spans()).toMatchObject([failed, failed]);
});

test("an agent that cannot be reached is an error with its code and sentence", async () => {
  const { url, spans, server } = await fixture("http://127.0.0.1:1");
  expect((await fetch(url, { method: "POST", body: "{}" })).status).toBe(502);
  await server[Symbol.asyncDispose]();
  expect(named(await spans(), "POST /invoke")).toMatchObject({
    status: "ERROR",
    message: "Agent echo could not be connected to.",
    attributes: { "error.type": "INVOKE_FAILED" },
  });
});

test("the spans of a stream last until its end", async () => {
  finish = Promise.withResolvers<void>();
  const { url, spans, server, agent } = await fixture();
  const response = await fetch(`${url}/stream`);
  expect(agent.openCalls.count).toBe(1);
  finish.resolve();
  expect(await response.text()).toBe("begun\n");
  await server[Symbol.asyncDispose]();
  expect((await spans()).map(({ name }) => name)).toEqual(["GET", "GET /invoke/{id}/{path}"]);
});

test("a stream that its agent breaks off is an error", async () => {
  finish = Promise.withResolvers<void>();
  const { url, spans, server } = await fixture();
  const response = await fetch(`${url}/stream`);
  finish.reject(new Error("the agent gives up"));
  await expect(response.text()).rejects.toThrow();
  await server[Symbol.asyncDispose]();
  expect(named(await spans(), "GET").status).toBe("ERROR");
});

test("a stream that has not ended has no span yet", async () => {
  finish = Promise.withResolvers<void>();
  const { url, spans, server } = await fixture();
  const response = await fetch(`${url}/stream`);
  expect(await spans()).toEqual([]);
  finish.resolve();
  await response.text();
  await server[Symbol.asyncDispose]();
});

test("a WebSocket's handshake tells the agent its parent, whose span lasts until it closes", async () => {
  const { spans, server, agent } = await fixture();
  using caller = call(`${server.socketUrl}/invoke/echo/chat`, [], { headers: CALLER.headers });
  const heard: unknown = JSON.parse(String(await caller.next()));
  caller.socket.close(1000);
  await eventually(() => expect(agent.instance?.inFlight).toBe(0));
  await eventually(() => expect(server.lines).toHaveLength(2));
  await server[Symbol.asyncDispose]();
  const found = await spans();
  expect(treeOf(found, CALLER.spanId)).toEqual([{ "GET /invoke/{id}/{path}": ["GET"] }]);
  const handshake = named(found, "GET");
  expect(handshake.attributes["http.response.status_code"]).toBe(101);
  expect(heard).toEqual({
    traceparent: `00-${CALLER.traceId}-${handshake.id}-01`,
    tracestate: "vendor=1",
  });
  expect(server.lines.map(({ msg, trace_id }) => ({ msg, trace_id }))).toEqual([
    { msg: "request", trace_id: CALLER.traceId },
    { msg: "websocket closed", trace_id: CALLER.traceId },
  ]);
});

test("a caller's mistake is no error, and a path that leads nowhere is no part of a name", async () => {
  const { spans, server } = await fixture();
  expect((await fetch(`${server.url}/nowhere/at/all`)).status).toBe(404);
  await server[Symbol.asyncDispose]();
  const [found] = await spans();
  expect(found).toMatchObject({
    name: "GET",
    status: "UNSET",
    attributes: { "http.response.status_code": 404 },
  });
  expect(found?.attributes).not.toHaveProperty("http.route");
});

test("where nothing is traced, the agent gets what its caller sent", async () => {
  const version = versionRecord(1);
  const entrypoint = { ...version.entrypoint, type: "http" as const };
  const instance = instanceOf({ ...version, entrypoint }, { origin: upstream.url.origin });
  await using server = await startServer(agentIn("running", { instance }));
  const { headers } = CALLER;
  const response = await fetch(`${server.url}/invoke/echo`, { method: "POST", headers, body: "{}" });
  expect(await response.json()).toEqual({ output: headers });
  expect(server.lines).toEqual([expect.not.objectContaining({ trace_id: expect.anything() })]);
});
