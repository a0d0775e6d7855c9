import { expect, test } from "bun:test";

import { RunnerError } from "../../src/lib/errors.ts";
import { createMetrics, timed } from "../../src/metrics/metrics.ts";
import { observeProcess } from "../../src/metrics/process.ts";
import { BUILD } from "../../src/lib/build.ts";
import { VERSION } from "../../src/lib/version.ts";
import { eventually } from "../helpers/eventually.ts";
import { parsePrometheusText } from "../helpers/prometheus-text.ts";

test.each([
  ["ok", () => Promise.resolve("done")],
  ["BUILD_FAILED", () => Promise.reject(new RunnerError("BUILD_FAILED", "no"))],
  ["aborted", () => Promise.reject(new DOMException("left", "AbortError"))],
  ["INTERNAL", () => Promise.reject(new TypeError("a bug"))],
])("what ends with %s is told with that result, and ends so itself", async (expected, work) => {
  const told: [result: string, seconds: number][] = [];
  const outcome = await timed(work, (...args) => void told.push(args)).then(
    (value) => value,
    (error: unknown) => error,
  );
  expect(told).toEqual([[expected, expect.any(Number)]]);
  expect(outcome).toEqual(
    await work().then(
      (value) => value,
      (error: unknown) => error,
    ),
  );
});

test("the figures of the process, and of an event loop that was held up, can be read", async () => {
  const metrics = createMetrics();
  using _ = observeProcess(metrics, import.meta.dir);
  const value = async (family: string, sample: string) =>
    parsePrometheusText(await metrics.text())
      .get(family)
      ?.samples.get(sample) ?? Number.NaN;
  expect(
    await value(
      "oken_build_info",
      `oken_build_info{version="${VERSION}",commit="unknown",target="${BUILD.target}"}`,
    ),
  ).toBe(1);
  expect(await value("process_start_time_seconds", "process_start_time_seconds{}")).toBeCloseTo(
    performance.timeOrigin / 1000,
  );
  expect(await value("process_resident_memory_bytes", "process_resident_memory_bytes{}")).toBeGreaterThan(
    1e6,
  );
  expect(await value("process_cpu_seconds_total", "process_cpu_seconds_total{}")).toBeGreaterThan(0);
  Bun.sleepSync(400);
  await eventually(async () =>
    expect(
      await value("oken_event_loop_delay_seconds", "oken_event_loop_delay_seconds_sum{}"),
    ).toBeGreaterThan(0.25),
  );
});
