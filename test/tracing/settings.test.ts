import { expect, test } from "bun:test";

import { openTracing } from "../../src/tracing/open.ts";
import { isTraced } from "../../src/tracing/settings.ts";
import { createFakeClock } from "../helpers/fake-clock.ts";
import { createLog } from "../../src/lib/log.ts";

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" };

test.each([
  [{}, false],
  [{ OTEL_SERVICE_NAME: "mine", OTEL_RESOURCE_ATTRIBUTES: "a=b" }, false],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: " " }, false],
  [ENDPOINT, true],
  [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://127.0.0.1:4318/v1/traces" }, true],
  [{ OTEL_TRACES_EXPORTER: "otlp" }, true],
  [{ ...ENDPOINT, OTEL_TRACES_EXPORTER: "none" }, false],
  [{ ...ENDPOINT, OTEL_SDK_DISABLED: "TRUE" }, false],
  [{ ...ENDPOINT, OTEL_SDK_DISABLED: "no" }, true],
  [{ ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf" }, true],
])("%p is traced: %p", (environment, expected) => {
  const warnings: string[] = [];
  expect(isTraced(environment, (message) => void warnings.push(message))).toBe(expected);
  expect(warnings).toEqual([]);
});

test.each([
  [{ OTEL_TRACES_EXPORTER: "zipkin" }, false, "OTEL_TRACES_EXPORTER"],
  [{ ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, true, "OTEL_EXPORTER_OTLP_PROTOCOL"],
  [{ ...ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/json" }, true, "http/protobuf"],
])("%p is traced: %p, with a warning", (environment, expected, named) => {
  const warnings: string[] = [];
  expect(isTraced(environment, (message) => void warnings.push(message))).toBe(expected);
  expect(warnings).toEqual([expect.stringContaining(named)]);
});

test("without a place to send them there are no spans", async () => {
  const log = createLog({ level: "silent", format: "json" });
  const tracing = openTracing({ environment: {}, instanceId: "runner", clock: createFakeClock(), log });
  expect(await tracing).toBeUndefined();
});
