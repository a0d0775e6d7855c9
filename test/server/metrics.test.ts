import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Server } from "bun";

import { agentIn, instanceOf, versionRecord } from "../helpers/records.ts";
import { eventually } from "../helpers/eventually.ts";
import { type Family, parsePrometheusText } from "../helpers/prometheus-text.ts";
import { startServer } from "../helpers/server.ts";
import { call } from "../helpers/socket-proxy.ts";

let upstream: Server<undefined>;
beforeAll(() => {
  upstream = Bun.serve({
    port: 0,
    fetch(request, server) {
      if (server.upgrade(request)) return undefined;
      return Response.json({ output: 1 }, { status: request.headers.has("x-fails") ? 500 : 200 });
    },
    websocket: { message: () => undefined },
  });
});
afterAll(() => upstream.stop(true));

const httpAgent = () => {
  const entrypoint = { ...versionRecord(1).entrypoint, type: "http" as const };
  return agentIn("running", {
    instance: instanceOf({ ...versionRecord(1), entrypoint }, { origin: upstream.url.origin }),
  });
};

async function read(server: {
  url: string;
}): Promise<(family: string, sample: string) => number | undefined> {
  const response = await fetch(`${server.url}/metrics`);
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  const families: Map<string, Family> = parsePrometheusText(await response.text());
  return (family, sample) => families.get(family)?.samples.get(sample);
}

type Read = Awaited<ReturnType<typeof read>>;

function invokes(values: Read, type: string, result: string): number | undefined {
  const name = "oken_invoke_duration_seconds";
  return values(name, `${name}_count{type="${type}",result="${result}"}`);
}

test("invokes are counted by the agent's type and their result, requests by route and status", async () => {
  await using server = await startServer(httpAgent());
  const before = await read(server);
  expect(invokes(before, "http", "ok")).toBeUndefined();
  for (const [method, path] of [
    ["POST", "/invoke/echo"],
    ["POST", "/invoke/echo"],
    ["GET", "/invoke/echo/items/7"],
    ["POST", "/invoke/nobody"],
    ["GET", "/no/such/route"],
  ] as const)
    await fetch(server.url + path, { method });
  await fetch(`${server.url}/invoke/echo`, { method: "POST", headers: { "x-fails": "1" } });
  const after = await read(server);
  const requests = (labels: string) =>
    after("oken_http_requests_total", `oken_http_requests_total{${labels}}`);
  expect(invokes(after, "http", "ok")).toBe(3);
  expect(invokes(after, "http", "INVOKE_FAILED")).toBe(1);
  expect(requests('method="POST",route="/invoke/{id}",status="200"')).toBe(2);
  expect(requests('method="POST",route="/invoke/{id}",status="500"')).toBe(1);
  expect(requests('method="GET",route="/invoke/{id}/{path}",status="200"')).toBe(1);
  expect(requests('method="POST",route="/invoke/{id}",status="404"')).toBe(1);
  expect(requests('method="GET",route="other",status="404"')).toBe(1);
  expect(requests('method="GET",route="/metrics",status="200"')).toBe(1);
  expect(after("oken_errors_total", 'oken_errors_total{code="AGENT_NOT_FOUND"}')).toBe(1);
  expect(after("oken_errors_total", 'oken_errors_total{code="NOT_FOUND"}')).toBe(1);
});

test("an invoke that fails is counted by its code", async () => {
  const agent = agentIn("running", {
    instance: instanceOf(versionRecord(1), { origin: "http://127.0.0.1:1" }),
  });
  await using server = await startServer(agent);
  expect((await fetch(`${server.url}/invoke/echo`, { method: "POST" })).status).toBe(502);
  agent.move({ state: "stopped" }, { reason: "by request" });
  expect((await fetch(`${server.url}/invoke/echo`, { method: "POST" })).status).toBe(400);
  const after = await read(server);
  for (const result of ["INVOKE_FAILED", "AGENT_NOT_RUNNING"])
    expect(invokes(after, "handler", result)).toBe(1);
});

test("WebSockets are counted while they are open, and when they end by who closed", async () => {
  await using server = await startServer(httpAgent());
  using caller = call(`${server.socketUrl}/invoke/echo/chat`);
  await caller.opened;
  const opened = await read(server);
  expect(opened("oken_websockets_open", "oken_websockets_open{}")).toBe(1);
  caller.socket.close();
  await eventually(async () => {
    const closed = await read(server);
    expect(closed("oken_websockets_open", "oken_websockets_open{}")).toBe(0);
    expect(closed("oken_websockets_total", 'oken_websockets_total{closed_by="caller"}')).toBe(1);
  });
});

test("the token is needed", async () => {
  const token = "a token of some length";
  await using server = await startServer(httpAgent(), { OKEN_API_TOKEN: token });
  expect((await fetch(`${server.url}/metrics`)).status).toBe(401);
  const answer = await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  expect(answer.status).toBe(200);
  expect(parsePrometheusText(await answer.text()).get("oken_errors_total")?.samples).toEqual(
    new Map([['oken_errors_total{code="UNAUTHORIZED"}', 1]]),
  );
});
