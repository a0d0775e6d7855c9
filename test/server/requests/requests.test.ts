import { expect, test } from "bun:test";

import { RunnerError } from "../../../src/lib/errors.ts";
import { createLog } from "../../../src/lib/log.ts";
import { createMetrics } from "../../../src/metrics/metrics.ts";
import { openAnswer } from "../../../src/server/open-answer.ts";
import { createRequests } from "../../../src/server/requests/requests.ts";
import { accessWith } from "../../helpers/access.ts";
import { callersOf } from "../../helpers/callers.ts";
import { createFakeClock } from "../../helpers/fake-clock.ts";
import { recordedTracing } from "../../helpers/tracing.ts";

/** What stands before an application that does `handle`. */
async function fixture(handle: (request: Request) => Promise<Response> = async () => new Response("done")) {
  const lines: Record<string, unknown>[] = [];
  const timeouts: number[] = [];
  const clock = createFakeClock();
  const metrics = createMetrics();
  const log = createLog({
    level: "info",
    format: "json",
    destination: { write: (line) => void lines.push(JSON.parse(line)) },
  });
  const { tracer, spans } = recordedTracing();
  const context = { access: await accessWith(), callers: callersOf(), log, clock, metrics, tracer };
  const requests = createRequests(handle, context);
  return {
    clock,
    lines,
    spans,
    requests,
    timeouts,
    ask: (request: Request) =>
      requests.answer(request, {
        timeout: (_, seconds) => void timeouts.push(seconds),
        requestIP: () => null,
        upgrade: () => false,
      }),
    counted: async () => /^oken_http_requests_total\{(.*)\} 1$/m.exec(await metrics.text())?.[1],
  };
}

const invoke = (init: RequestInit = {}) =>
  new Request("http://localhost:8000/invoke/echo?x=1", { method: "POST", ...init });

test("a request is one log line and one count", async () => {
  const { clock, lines, ask, counted } = await fixture(async () => {
    await clock.advance(12.34);
    return new Response("made", { status: 201 });
  });
  const response = await ask(invoke({ headers: { "x-request-id": "call-7" } }));
  expect(response?.headers.get("x-request-id")).toBe("call-7");
  expect(lines).toEqual([
    {
      level: "info",
      time: expect.any(String),
      request_id: "call-7",
      agent_id: "echo",
      method: "POST",
      path: "/invoke/echo",
      status: 201,
      ms: 12.3,
      trace_id: expect.any(String),
      msg: "request",
    },
  ]);
  expect(await counted()).toBe('method="POST",route="/invoke/{id}",status="201"');
});

test("an unsafe id is replaced, for the agent too", async () => {
  let seen: string | null = "";
  const { ask } = await fixture(async ({ headers }) => {
    seen = headers.get("x-request-id");
    return new Response();
  });
  const response = await ask(invoke({ headers: { "x-request-id": 'a"b c' } }));
  const given = response?.headers.get("x-request-id");
  expect(given).toMatch(/^[0-9a-f-]{36}$/);
  expect(seen).toBe(given ?? "none");
});

test("a caller who left is logged and counted as 499", async () => {
  const caller = new AbortController();
  const { lines, ask, counted } = await fixture(async () => {
    caller.abort();
    return new Response();
  });
  await ask(invoke({ signal: caller.signal }));
  expect(lines).toEqual([expect.objectContaining({ status: 499 })]);
  expect(await counted()).toContain('status="499"');
});

test("what the application throws is answered as an error", async () => {
  const { ask } = await fixture(() => Promise.reject(new RunnerError("DISK_FULL", "The disk is full.")));
  const response = await ask(invoke());
  expect(response?.status).toBe(507);
  expect(await response?.json()).toEqual({ error: "The disk is full.", code: "DISK_FULL" });
});

test("a connection may be silent in a request, and for two minutes after it", async () => {
  const { ask, timeouts } = await fixture();
  await ask(invoke());
  expect(timeouts).toEqual([0, 120]);
});

test("an answer that is a stream may be silent until that has ended", async () => {
  const streams: ReturnType<typeof openAnswer>[] = [];
  const { ask, timeouts } = await fixture(async (request) => {
    streams.push(openAnswer(request));
    return new Response();
  });
  await ask(invoke());
  expect(timeouts).toEqual([0]);
  streams[0]?.end();
  expect(timeouts).toEqual([0, 120]);
});

test("a connection that became a WebSocket has no answer, but a log line", async () => {
  const { lines, ask } = await fixture(async () => new Response(null, { status: 101 }));
  expect(await ask(invoke())).toBeUndefined();
  expect(lines).toEqual([expect.objectContaining({ status: 101 })]);
});

test("once it refuses, a request is answered SHUTTING_DOWN", async () => {
  const { requests, ask } = await fixture();
  requests.refuse();
  const response = await ask(invoke());
  expect(response?.status).toBe(503);
  expect(response?.headers.get("retry-after")).toBe("5");
  expect(response?.headers.get("connection")).toBe("close");
  expect(await response?.json()).toEqual({
    error: "The runner is shutting down.",
    code: "SHUTTING_DOWN",
  });
});

test.each(["/health", "/metrics"])("a probe of %s is no line at level info, and no span", async (path) => {
  const { lines, ask, spans } = await fixture();
  await ask(new Request(`http://localhost:8000${path}`));
  expect(lines).toEqual([]);
  expect(await spans()).toEqual([]);
});
