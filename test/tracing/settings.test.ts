import { expect, test } from "bun:test";

import { openTracing } from "../../src/tracing/open.ts";
import { collectorOf } from "../../src/tracing/settings.ts";
import { createFakeClock } from "../helpers/fake-clock.ts";
import { createLog } from "../../src/lib/log.ts";

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" };

test.each([
  [{}, undefined],
  [{ OTEL_SERVICE_NAME: "mine", OTEL_RESOURCE_ATTRIBUTES: "a=b" }, undefined],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: " " }, undefined],
  [ENDPOINT, "http://127.0.0.1:4318"],
  [
    { ...ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://me:secret@traces.example/v1/traces" },
    "https://traces.example",
  ],
  [{ OTEL_TRACES_EXPORTER: "otlp" }, "http://localhost:4318"],
  [{ ...ENDPOINT, OTEL_TRACES_EXPORTER: "none" }, undefined],
  [{ ...ENDPOINT, OTEL_SDK_DISABLED: "TRUE" }, undefined],
  [{ ...ENDPOINT, OTEL_SDK_DISABLED: "no" }, "http://127.0.0.1:4318"],
  [{ ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf" }, "http://127.0.0.1:4318"],
])("with %p spans are sent to %p", (environment, expected) => {
  const warnings: string[] = [];
  expect(collectorOf(environment, (message) => void warnings.push(message))).toBe(expected);
  expect(warnings).toEqual([]);
});

test.each([
  [{ OTEL_TRACES_EXPORTER: "zipkin" }, undefined, "OTEL_TRACES_EXPORTER"],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" }, undefined, "OTEL_EXPORTER_OTLP_ENDPOINT must"],
  [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "nowhere" }, undefined, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT must"],
  [
    { ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
    "http://127.0.0.1:4318",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
  ],
  [
    { ...ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/json" },
    "http://127.0.0.1:4318",
    "http/protobuf",
  ],
])("with %p spans are sent to %p, with a warning", (environment, expected, named) => {
  const warnings: string[] = [];
  expect(collectorOf(environment, (message) => void warnings.push(message))).toBe(expected);
  expect(warnings).toEqual([expect.stringContaining(named)]);
});

test("without a place to send them there are no spans", async () => {
  const log = createLog({ level: "silent", format: "json" });
  const tracing = openTracing({ environment: {}, instanceId: "runner", clock: createFakeClock(), log });
  expect(await tracing).toBeUndefined();
});
