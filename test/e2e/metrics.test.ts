import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";

import { HANDLER } from "../helpers/agents.ts";
import { eventually } from "../helpers/eventually.ts";
import { parsePrometheusText } from "../helpers/prometheus-text.ts";
import { hasPrometheus, promtool, startPrometheus } from "../helpers/prometheus.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

const DEPLOY = join(import.meta.dir, "../../deploy");

type Dashboard = { panels: { targets?: { expr: string }[] }[] };

let runner: TestRunner;
beforeAll(async () => {
  runner = await startRunner({ OKEN_CLEANUP_INTERVAL: "0.1" });
});
afterAll(() => runner[Symbol.asyncDispose]());

/** All samples by name and labels. */
async function samples(): Promise<Record<string, number>> {
  const text = await (await fetch(`${runner.url}/metrics`)).text();
  const all: Record<string, number> = {};
  for (const family of parsePrometheusText(text).values())
    for (const [sample, value] of family.samples) all[sample] = value;
  return all;
}

test("a deploy, a sleep, a wake and their invokes are in the metrics", async () => {
  const before = await samples();
  expect(before["oken_upload_bytes_total{}"]).toBe(0);
  await runner.deploy("counted", { ...HANDLER, "oken.toml": 'name = "Counted"\nwarm_timeout = 1\n' });
  await runner.deploy("wrong", { "main.py": "" });
  await runner.invoke("counted", { name: "Ada" });
  await eventually(async () => expect((await samples())['oken_agents{state="idle"}']).toBe(1));
  await runner.invoke("counted", { name: "Ada" });

  const after = await samples();
  expect(after).toMatchObject({
    'oken_agents{state="running"}': 1,
    'oken_deploy_duration_seconds_count{result="ok"}': 1,
    'oken_deploy_duration_seconds_count{result="CONFIG_ERROR"}': 1,
    'oken_deploy_phase_duration_seconds_count{phase="build"}': 1,
    'oken_deploy_phase_duration_seconds_count{phase="start"}': 1,
    'oken_invoke_duration_seconds_count{type="handler",result="ok"}': 2,
    'oken_invoke_wait_seconds_count{reason="start"}': 1,
    'oken_wake_duration_seconds_count{result="ok",tier="restart"}': 1,
    'oken_agent_state_changes_total{from="starting",to="running"}': 2,
    'oken_agent_state_changes_total{from="running",to="idle"}': 1,
    'oken_builds{state="running"}': 0,
    'oken_errors_total{code="CONFIG_ERROR"}': 1,
    "oken_agent_deaths_total{}": 0,
    'oken_agent_invoke_duration_seconds_count{agent="counted",result="ok"}': 2,
    'oken_agent_running{agent="counted"}': 1,
    'oken_http_request_duration_seconds_count{method="POST",route="/invoke/{id}"}': 2,
    "oken_invokes_in_flight{}": 0,
  });
  expect(after["oken_upload_bytes_total{}"]).toBeGreaterThan(0);
  expect(after['oken_docker_operation_duration_seconds_count{operation="buildImage",result="ok"}']).toBe(1);
  expect(after["process_resident_memory_bytes{}"]).toBeGreaterThan(1e6);
  expect(after["process_open_fds{}"]).toBeGreaterThan(5);
  expect(after["process_max_fds{}"]).toBeGreaterThan(after["process_open_fds{}"] ?? Infinity);
  expect(after["oken_data_disk_free_bytes{}"]).toBeGreaterThan(1e6);
  expect(after["oken_data_disk_size_bytes{}"]).toBeGreaterThan(
    after["oken_data_disk_free_bytes{}"] ?? Infinity,
  );
  expect(after["oken_event_loop_delay_seconds_count{}"]).toBeGreaterThan(0);
});

test("docs/operating.md lists the metrics that there are", async () => {
  const documents = await Bun.file(join(import.meta.dir, "../../docs/operating.md")).text();
  const listed = [...documents.matchAll(/^\| `((?:oken|process)_\w+)` /gm)].map(([, name]) => name ?? "");
  const text = await (await fetch(`${runner.url}/metrics`)).text();
  expect(new Set(listed)).toEqual(new Set(parsePrometheusText(text).keys()));
});

test("the dashboard shows every metric", async () => {
  const dashboard: Dashboard = await Bun.file(join(DEPLOY, "grafana/oken-runner.json")).json();
  const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)).join("\n");
  const text = await (await fetch(`${runner.url}/metrics`)).text();
  expect([...parsePrometheusText(text).keys()].filter((name) => !queries.includes(name))).toEqual([]);
});

describe.skipIf(!hasPrometheus)("a real Prometheus", () => {
  test("finds no fault with the metrics", async () => {
    const input = await (await fetch(`${runner.url}/metrics`)).text();
    expect(await promtool(["check", "metrics"], { input })).toEqual({ code: 0, said: "" });
  });

  test("takes the configuration, and its rules fire when they should", async () => {
    const cwd = join(DEPLOY, "prometheus");
    expect(await promtool(["check", "config", "prometheus.yml"], { cwd })).toMatchObject({ code: 0 });
    expect(await promtool(["test", "rules", "alerts.test.yml"], { cwd })).toMatchObject({ code: 0 });
  });

  test("reads the runner, and evaluates every rule and every panel of the dashboard", async () => {
    await using prometheus = await startPrometheus({
      target: new URL(runner.url).host,
      rules: join(DEPLOY, "prometheus/alerts.yml"),
    });
    await eventually(async () => {
      expect(await prometheus.get("query?query=up")).toMatchObject({
        data: { result: [{ value: [expect.any(Number), "1"] }] },
      });
      const rules = JSON.stringify((await prometheus.get("rules")).data);
      expect(rules).not.toContain('"health":"unknown"');
      expect(rules).toContain('"health":"ok"');
      expect(rules).not.toContain('"health":"err"');
    });
    const dashboard: Dashboard = await Bun.file(join(DEPLOY, "grafana/oken-runner.json")).json();
    const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    expect(queries.length).toBeGreaterThan(20);
    const families = parsePrometheusText(await (await fetch(`${runner.url}/metrics`)).text());
    const alerts = await Bun.file(join(DEPLOY, "prometheus/alerts.yml")).text();
    for (const name of (queries.join("\n") + alerts).match(/\b(?:oken|process)_\w+/g) ?? [])
      if (name !== "oken_runner") expect(families.keys()).toContain(name.replace(/_(?:bucket|count)$/, ""));
    for (const query of queries) {
      const filled = query.replaceAll("$instance", ".*").replaceAll("$__rate_interval", "1m");
      expect(await prometheus.get(`query?query=${encodeURIComponent(filled)}`)).toMatchObject({
        status: "success",
      });
    }
  });
});
