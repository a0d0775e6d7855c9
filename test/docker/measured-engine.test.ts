import { expect, test } from "bun:test";

import { measuredEngine } from "../../src/docker/measured-engine.ts";
import type { Engine } from "../../src/docker/types.ts";
import { RunnerError } from "../../src/lib/errors.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { parsePrometheusText } from "../helpers/prometheus-text.ts";

test("operations are measured by name and result, and return what they did", async () => {
  const lines = oneLine();
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all that is called here
  const engine = {
    ping: async () => ({ version: "1" }),
    imageExists: async (reference: string) => reference === "there",
    stopContainer: () => Promise.reject(new RunnerError("ENGINE_UNAVAILABLE", "away")),
    followLogs: () => lines,
  } as unknown as Engine;
  const metrics = createMetrics();
  const measured = measuredEngine(engine, metrics);

  expect(await measured.ping()).toEqual({ version: "1" });
  expect(await measured.imageExists("there")).toBe(true);
  await expect(measured.stopContainer("name", 1)).rejects.toThrow("away");
  expect(measured.followLogs("name", { tail: 1, signal: new AbortController().signal })).toBe(lines);

  const samples = parsePrometheusText(await metrics.text()).get(
    "oken_docker_operation_duration_seconds",
  )?.samples;
  const counts = [...(samples ?? [])].filter(([name]) => name.includes("_count{"));
  expect(counts).toEqual([
    ['oken_docker_operation_duration_seconds_count{operation="ping",result="ok"}', 1],
    ['oken_docker_operation_duration_seconds_count{operation="imageExists",result="ok"}', 1],
    [
      'oken_docker_operation_duration_seconds_count{operation="stopContainer",result="ENGINE_UNAVAILABLE"}',
      1,
    ],
  ]);
});

async function* oneLine() {
  yield { stream: "stdout", text: "a line" } as const;
}
