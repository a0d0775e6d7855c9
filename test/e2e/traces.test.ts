import { expect, test } from "bun:test";

import { hasCollector, startCollector } from "../helpers/collector.ts";
import { eventually } from "../helpers/eventually.ts";
import { startRunner } from "../helpers/runner.ts";
import { CALLER, treeOf } from "../helpers/tracing.ts";

/** Tells of the trace that it is in. */
const TRACED = {
  "oken.toml": 'name = "Traced"\nwarm_timeout = 1\n',
  "main.py": "def handler(input, context):\n    return context.trace\n",
};

test.skipIf(!hasCollector)("a real collector gets the spans of a deploy, an invoke and a wake", async () => {
  await using collector = await startCollector();
  await using runner = await startRunner({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test",
    OKEN_CLEANUP_INTERVAL: "0.1",
  });
  await runner.deploy("traced", TRACED);
  const invoke = () =>
    fetch(`${runner.url}/invoke/traced`, { method: "POST", headers: CALLER.headers, body: '{"input": {}}' });
  await eventually(async () => {
    const listed = await (await fetch(`${runner.url}/agents`)).json();
    expect(listed).toMatchObject({ agents: [{ status: "idle" }] });
  });
  const answer = await (await invoke()).json();
  // What there is goes out at the end, long before its turn.
  await runner.kill("SIGTERM");

  const spans = await eventually(() => {
    const found = collector.spans();
    expect(found.map(({ name }) => name)).toContain("POST /invoke/{id}");
    return found;
  });
  const named = (name: string) => spans.find((span) => span.name === name);
  const deploy = named("POST /deploy");
  expect(treeOf(spans, deploy?.id)).toEqual([{ deploy: ["build", "detect", "extract", "start"] }, "upload"]);
  expect(treeOf(spans, CALLER.spanId)).toEqual([{ "POST /invoke/{id}": ["POST /invoke", "queue", "wake"] }]);
  expect(named("POST /invoke/{id}")).toMatchObject({
    trace: CALLER.traceId,
    kind: "SPAN_KIND_SERVER",
    status: "STATUS_CODE_UNSET",
    attributes: { "http.response.status_code": "200", "faas.coldstart": "true", "oken.agent.id": "traced" },
  });
  const traceparent = `00-${CALLER.traceId}-${named("POST /invoke")?.id}-01`;
  expect(answer).toEqual({ output: { traceparent, tracestate: CALLER.headers.tracestate } });
  expect(collector.resource()).toMatchObject({
    "service.name": "oken-runner",
    "deployment.environment.name": "test",
  });
  const lines = runner.log().filter(({ msg, path }) => msg === "request" && path === "/deploy");
  expect(lines).toEqual([expect.objectContaining({ trace_id: deploy?.trace })]);
});
