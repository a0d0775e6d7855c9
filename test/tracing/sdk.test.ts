import { expect, test } from "bun:test";

import { RunnerError } from "../../src/lib/errors.ts";
import { createLog } from "../../src/lib/log.ts";
import { VERSION } from "../../src/lib/version.ts";
import { startSdk } from "../../src/tracing/sdk.ts";
import { traced } from "../../src/tracing/span.ts";
import { createFakeClock } from "../helpers/fake-clock.ts";
import { CALLER, recordedTracing, treeOf } from "../helpers/tracing.ts";

test("a request's span is below its caller's, and has what is done for it below it", async () => {
  const { tracer, spans } = recordedTracing();
  const request = tracer.receive(new Headers(CALLER.headers), "POST /deploy", {});
  const deploy = request.child("deploy", { attributes: { "oken.agent.id": "echo" } });
  await traced(deploy.child("build"), () => Promise.resolve());
  deploy.end();
  request.end();
  const found = await spans();
  expect(treeOf(found, CALLER.spanId)).toEqual([{ "POST /deploy": [{ deploy: ["build"] }] }]);
  expect(found.map(({ trace, kind }) => ({ trace, kind }))).toEqual([
    { trace: CALLER.traceId, kind: "INTERNAL" },
    { trace: CALLER.traceId, kind: "INTERNAL" },
    { trace: CALLER.traceId, kind: "SERVER" },
  ]);
});

test.each([
  ["none", {}],
  ["one that is not valid", { traceparent: "00-1-2-01", tracestate: "vendor=1" }],
  ["two", { traceparent: `${CALLER.headers.traceparent}, ${CALLER.headers.traceparent}` }],
])("with %s of a caller a trace begins", async (_, headers) => {
  const { tracer, spans } = recordedTracing();
  const span = tracer.receive(new Headers(headers), "GET /agents", {});
  expect(span.traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(span.traceId).not.toBe(CALLER.traceId);
  span.end();
  expect(await spans()).toEqual([expect.objectContaining({ parent: undefined, trace: span.traceId })]);
});

test("whoever is called next is told the span and the caller's trace state", async () => {
  const { tracer, spans } = recordedTracing();
  const span = tracer.receive(new Headers(CALLER.headers), "POST /invoke/{id}", {});
  const call = span.child("POST /invoke", { isCall: true });
  const headers = new Headers(CALLER.headers);
  call.inject(headers);
  call.end();
  const [{ id, kind } = { id: "none", kind: "" }] = await spans();
  expect(kind).toBe("CLIENT");
  expect(Object.fromEntries(headers)).toEqual({
    traceparent: `00-${CALLER.traceId}-${id}-01`,
    tracestate: "vendor=1",
  });
});

test("the trace state of a caller without a valid parent is not passed on", async () => {
  const { tracer } = recordedTracing();
  const headers = new Headers({ traceparent: "wrong", tracestate: "vendor=1" });
  const span = tracer.receive(headers, "POST /invoke/{id}", {});
  span.inject(headers);
  expect(headers.get("tracestate")).toBeNull();
  expect(headers.get("traceparent")).toContain(span.traceId);
});

test("work that fails makes its span an error with the code and the sentence", async () => {
  const { tracer, spans } = recordedTracing();
  const span = tracer.receive(new Headers(), "deploy", {});
  const failure = new RunnerError("BUILD_FAILED", "no wheel ".repeat(500));
  const fail = () => Promise.reject(failure);
  await expect(traced(span, fail)).rejects.toBe(failure);
  const [found] = await spans();
  expect(found).toMatchObject({ status: "ERROR", attributes: { "error.type": "BUILD_FAILED" } });
  expect(found?.message).toHaveLength(1_000);
});

test("a span ends once, and takes nothing after that", async () => {
  const { tracer, spans } = recordedTracing();
  const span = tracer.receive(new Headers(), "GET /agents", {});
  span.end();
  span.end();
  span.set({ late: true });
  span.fail({ type: "LATE" });
  expect(await spans()).toEqual([expect.objectContaining({ status: "UNSET", attributes: {} })]);
});

test("a caller's decision not to record holds, and is passed on", async () => {
  const { tracer, spans } = recordedTracing();
  const headers = new Headers({ traceparent: `00-${CALLER.traceId}-${CALLER.spanId}-00` });
  const span = tracer.receive(headers, "POST /invoke/{id}", {});
  span.inject(headers);
  span.end();
  expect(headers.get("traceparent")).toMatch(new RegExp(`^00-${CALLER.traceId}-[0-9a-f]{16}-00$`));
  expect(await spans()).toEqual([]);
});

test.each([
  [{ OTEL_TRACES_SAMPLER: "always_off" }, 0, undefined],
  [{ OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "0" }, 0, undefined],
  [{ OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: "0" }, 0, undefined],
  [{ OTEL_TRACES_SAMPLER: "traceidratio" }, 1, undefined],
  [{ OTEL_TRACES_SAMPLER: "some" }, 1, 'OTEL_TRACES_SAMPLER is "some", but must be one of'],
  [
    { OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "2" },
    1,
    'OTEL_TRACES_SAMPLER_ARG is "2", but must be a number from 0 to 1',
  ],
  [{ OTEL_BSP_MAX_QUEUE_SIZE: "many" }, 1, 'OTEL_BSP_MAX_QUEUE_SIZE is "many", but must be a whole number'],
])("with %p a new trace has %p spans", async (environment, count, warning) => {
  const { tracer, spans, lines } = recordedTracing(environment);
  tracer.receive(new Headers(), "GET /agents", {}).end();
  expect(await spans()).toHaveLength(count);
  expect(lines.filter(({ level }) => level === "warn").map(({ msg }) => msg)).toEqual(
    warning === undefined ? [] : [expect.stringContaining(warning)],
  );
});

test("the resource names the service, its version, this runner and its host", async () => {
  const { tracer, resource } = recordedTracing();
  tracer.receive(new Headers(), "GET /agents", {}).end();
  expect(await resource()).toMatchObject({
    "service.name": "oken-runner",
    "service.version": VERSION,
    "service.instance.id": "runner",
    "host.name": expect.any(String),
  });
});

test("a collector that never answers holds a bounded number of spans, and the end for two seconds", async () => {
  const clock = createFakeClock();
  const said: string[] = [];
  let exported = 0;
  const tracing = startSdk({
    environment: { OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "1", OTEL_BSP_MAX_QUEUE_SIZE: "4" },
    instanceId: "runner",
    clock,
    log: createLog({ level: "warn", format: "json", destination: { write: (line) => void said.push(line) } }),
    exporter: {
      export: (spans) => void (exported += spans.length),
      shutdown: () => Promise.resolve(),
    },
  });
  for (let count = 0; count < 100; count += 1) tracing.tracer.receive(new Headers(), "GET /agents", {}).end();
  let isOver = false;
  const over = tracing[Symbol.asyncDispose]().then(() => (isOver = true));
  await clock.advance(1_999);
  expect(isOver).toBe(false);
  await clock.advance(1);
  await over;
  expect(exported).toBeLessThanOrEqual(1 + 4);
  expect(said).toEqual([expect.stringContaining("the last spans did not reach their collector")]);
});
