import { observeAgents } from "../../src/agents/figures/agent-metrics.ts";
import { observeNodes } from "../../src/agents/nodes/node-metrics.ts";
import { observeDisk } from "../../src/agents/disk/metrics.ts";
import { createRegistry } from "../../src/agents/registry.ts";
import { observeTurns } from "../../src/agents/cpus/turns.ts";
import { measuredQueue } from "../../src/build/queue-metrics.ts";
import { createBuildQueue } from "../../src/build/queue.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { observeProcess } from "../../src/metrics/process.ts";
import type { Definition, MetricsRegistry } from "../../src/metrics/prometheus.ts";
import { observeTunnels } from "../../src/server/listening/tunnel-metrics.ts";
import { code, table } from "./markdown.ts";

type Metric = Definition<string> & { type: string };

/** Every metric of the runner. The test of `/metrics` compares their names with those of a real one. */
export function metricsBlock(): string {
  const rows = definedMetrics().map(({ name, type, labels, help }) => [
    code(name),
    type,
    labels.map(code).join(", "),
    help,
  ]);
  return table(["Name", "Type", "Labels", "Meaning"], rows);
}

/** What the runner's parts define on a registry that counts nothing. */
function definedMetrics(): Metric[] {
  const defined: Metric[] = [];
  const define = (type: string) => (definition: Definition<string>) => {
    defined.push({ ...definition, type });
    return { inc() {}, observe() {}, forget() {} };
  };
  const registry: MetricsRegistry = {
    counter: define("counter"),
    histogram: define("histogram"),
    read: (definition) => void define(definition.type)(definition),
    text: () => Promise.resolve(""),
  };
  const metrics = createMetrics({ registry });
  const agents = createRegistry();
  observeAgents(metrics, agents, { usage: () => Promise.resolve(undefined) });
  const oneHost = { can: { nodes: false }, nodes: () => Promise.resolve([]) };
  observeNodes(metrics, { engine: oneHost, registry: agents });
  observeTurns(metrics, () => 0);
  observeDisk(metrics, () => undefined, { budgetBytes: undefined, floorBytes: 0 });
  measuredQueue(createBuildQueue({ maxRunning: 1, maxWaiting: 0, clock: systemClock }), metrics);
  observeTunnels(metrics, new Set());
  using _ = observeProcess(metrics, ".");
  return defined;
}
