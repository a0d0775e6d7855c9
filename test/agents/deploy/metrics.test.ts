import { expect, test } from "bun:test";

import type { DeployResult } from "../../../src/agents/deploy/types.ts";
import { countedDeploy } from "../../../src/agents/deploy/metrics.ts";
import { RunnerError } from "../../../src/lib/errors.ts";
import { createMetrics } from "../../../src/metrics/metrics.ts";
import { parsePrometheusText } from "../../helpers/prometheus-text.ts";
import { DEPLOY_RESULT } from "../../helpers/records.ts";

const RESULT: DeployResult = { ...DEPLOY_RESULT, timings_ms: { extract: 20, build: 1500, total: 1520 } };

test("deploys are counted by their result, and their parts by name", async () => {
  const metrics = createMetrics();
  await countedDeploy(metrics, async () => RESULT);
  await countedDeploy(metrics, async () => ({
    ...RESULT,
    unchanged: true,
    timings_ms: { extract: 10, total: 10 },
  }));
  const failing = countedDeploy(metrics, () => Promise.reject(new RunnerError("BUILD_FAILED", "no")));
  await expect(failing).rejects.toThrow("no");
  const families = parsePrometheusText(await metrics.text());
  const of = (name: string, labels: string) => families.get(name)?.samples.get(`${name}_${labels}`);
  for (const result of ["ok", "unchanged", "BUILD_FAILED"])
    expect(of("oken_deploy_duration_seconds", `count{result="${result}"}`)).toBe(1);
  expect(of("oken_deploy_phase_duration_seconds", 'count{phase="extract"}')).toBe(2);
  expect(of("oken_deploy_phase_duration_seconds", 'sum{phase="build"}')).toBe(1.5);
  expect(of("oken_deploy_phase_duration_seconds", 'count{phase="total"}')).toBeUndefined();
});
