import { expect, test } from "bun:test";

import { observeAgents } from "../../../src/agents/figures/agent-metrics.ts";
import { createRegistry } from "../../../src/agents/registry.ts";
import { createMetrics } from "../../../src/metrics/metrics.ts";
import { AGENT_STATES } from "../../../src/model/agent.ts";
import { agentIn, instanceOf } from "../../helpers/records.ts";
import { parsePrometheusText } from "../../helpers/prometheus-text.ts";

test("agents are read by state, those of no agent as zero, with what is inside and before them", async () => {
  const metrics = createMetrics();
  const registry = createRegistry();
  observeAgents(metrics, registry, { usage: async () => undefined });
  const busy = agentIn("running", { instance: instanceOf(undefined, { inFlight: 3 }) });
  busy.queue.add({ since: 0, grant: () => undefined, refuse: () => undefined, passedOver: () => undefined });
  registry.add(busy);
  registry.add(agentIn("idle", { id: "other" }));

  const families = parsePrometheusText(await metrics.text());
  const expected = AGENT_STATES.map((state): [string, number] => [
    `oken_agents{state="${state}"}`,
    state === "running" || state === "idle" ? 1 : 0,
  ]);
  expect(families.get("oken_agents")?.samples).toEqual(new Map(expected));
  expect(families.get("oken_invokes_in_flight")?.samples.get("oken_invokes_in_flight{}")).toBe(3);
  expect(families.get("oken_invokes_waiting")?.samples.get("oken_invokes_waiting{}")).toBe(1);
});
