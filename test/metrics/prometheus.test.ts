import { describe, expect, test } from "bun:test";

import { createMetricsRegistry } from "../../src/metrics/prometheus.ts";
import { parsePrometheusText } from "../helpers/prometheus-text.ts";

test("a counter has a line for each combination of its labels", async () => {
  const registry = createMetricsRegistry();
  const counter = registry.counter({ name: "calls_total", help: "Calls.", labels: ["type", "result"] });
  counter.inc({ type: "a", result: "ok" });
  counter.inc({ result: "ok", type: "a" });
  counter.inc({ type: "b", result: "ok" }, 2.5);
  expect(await registry.text()).toBe(
    "# HELP calls_total Calls.\n# TYPE calls_total counter\n" +
      'calls_total{type="a",result="ok"} 2\ncalls_total{type="b",result="ok"} 2.5\n',
  );
});

test("no count is lost between batches", async () => {
  const registry = createMetricsRegistry();
  const counter = registry.counter({ name: "calls_total", help: "Calls.", labels: ["of"] });
  const histogram = registry.histogram({ name: "time_seconds", help: "Time.", labels: [], buckets: [1] });
  for (let call = 1; call <= 1_000; call += 1) {
    counter.inc({ of: call % 2 === 0 ? "a" : "b" });
    histogram.observe({}, 1);
  }
  const families = parsePrometheusText(await registry.text());
  expect(families.get("calls_total")?.samples.get('calls_total{of="a"}')).toBe(500);
  expect(families.get("time_seconds")?.samples.get("time_seconds_count{}")).toBe(1_000);
});

test("a metric without labels exists before it is counted", async () => {
  const registry = createMetricsRegistry();
  registry.counter({ name: "calls_total", help: "Calls.", labels: [] });
  registry.histogram({ name: "time_seconds", help: "Time.", labels: [], buckets: [1] });
  const families = parsePrometheusText(await registry.text());
  expect(families.get("calls_total")?.samples.get("calls_total{}")).toBe(0);
  expect(families.get("time_seconds")?.samples.get("time_seconds_count{}")).toBe(0);
});

test("a histogram counts each value below every bound that it does not exceed", async () => {
  const registry = createMetricsRegistry();
  const histogram = registry.histogram({
    name: "time_seconds",
    help: "Time.",
    labels: ["of"],
    buckets: [0.1, 1],
  });
  for (const seconds of [0.05, 0.1, 0.5, 2]) histogram.observe({ of: "a" }, seconds);
  expect(parsePrometheusText(await registry.text()).get("time_seconds")?.samples).toEqual(
    new Map([
      ['time_seconds_bucket{le="0.1",of="a"}', 2],
      ['time_seconds_bucket{le="1",of="a"}', 3],
      ['time_seconds_bucket{le="+Inf",of="a"}', 4],
      ['time_seconds_sum{of="a"}', 2.65],
      ['time_seconds_count{of="a"}', 4],
    ]),
  );
});

test("a gauge is read whenever the text is asked for, and drops what is no longer there", async () => {
  const registry = createMetricsRegistry();
  let agents: [{ state: string }, number][] = [[{ state: "running" }, 1]];
  registry.read({ name: "agents", help: "Agents.", labels: ["state"], type: "gauge" }, () => agents);
  expect(await registry.text()).toEndWith('agents{state="running"} 1\n');
  agents = [[{ state: "idle" }, 2]];
  const families = parsePrometheusText(await registry.text());
  expect(families.get("agents")?.samples).toEqual(new Map([['agents{state="idle"}', 2]]));
});

test("a counter that is read has the value of now", async () => {
  const registry = createMetricsRegistry();
  let seconds = 1;
  registry.read({ name: "cpu_total", help: "CPU.", labels: [], type: "counter" }, () => [[{}, seconds]]);
  expect(await registry.text()).toEndWith("cpu_total 1\n");
  seconds = 3;
  expect(await registry.text()).toEndWith("cpu_total 3\n");
});

test("quotes, backslashes and line ends are escaped", async () => {
  const registry = createMetricsRegistry();
  const counter = registry.counter({ name: "calls_total", help: "a \\ b\nc", labels: ["of"] });
  counter.inc({ of: 'a "b" \\ c\nd' });
  const text = await registry.text();
  expect(text).toContain("# HELP calls_total a \\\\ b\\nc\n");
  expect(text).toContain('calls_total{of="a \\"b\\" \\\\ c\\nd"} 1\n');
  expect(parsePrometheusText(text).get("calls_total")?.samples.size).toBe(1);
});

const head = (name: string, type: string) => `# HELP ${name} h\n# TYPE ${name} ${type}\n`;

describe("the reader that the other tests use refuses", () => {
  test.each([
    ["a line without an end", `${head("a_total", "counter")}a_total 1`],
    ["a sample without a head", "a_total 1\n"],
    ["a sample of another family", `${head("a_total", "counter")}b_total 1\n`],
    ["a label without quotes", `${head("a_total", "counter")}a_total{b=c} 1\n`],
    ["a value that is no number", `${head("a_total", "counter")}a_total one\n`],
    ["a sample twice", `${head("a_total", "counter")}a_total 1\na_total 2\n`],
    ["a family twice", head("a_total", "counter") + head("a_total", "counter")],
    ["a counter that does not say so", `${head("a", "counter")}a 1\n`],
    ["a gauge that says it is a counter", `${head("a_total", "gauge")}a_total 1\n`],
    [
      "a histogram without its last bucket",
      `${head("a_seconds", "histogram")}a_seconds_bucket{le="1"} 1\na_seconds_sum 1\na_seconds_count 1\n`,
    ],
    [
      "a histogram whose buckets shrink",
      `${head("a_seconds", "histogram")}a_seconds_bucket{le="1"} 2\na_seconds_bucket{le="+Inf"} 1\na_seconds_sum 1\na_seconds_count 1\n`,
    ],
  ])("%s", (_, text) => {
    expect(() => parsePrometheusText(text)).toThrow();
  });
});
