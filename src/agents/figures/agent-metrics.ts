import type { Engine } from "../../docker/types.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import { AGENT_STATES } from "../../model/agent.ts";
import { observeEach } from "./each-agent-metrics.ts";
import type { Registry } from "../registry.ts";
import { createRestartCount } from "./restart-count.ts";

/** Tells the metrics what agents are doing: their states, the invokes inside them, and those that wait. */
export function observeAgents(metrics: Metrics, registry: Registry, engine: Pick<Engine, "usage">): void {
  const { read } = metrics;
  read({ name: "oken_agents", help: "Agents, by state.", labels: ["state"], type: "gauge" }, () => {
    const states = registry.all().map(({ state }) => state);
    return AGENT_STATES.map((state) => [{ state }, states.filter((it) => it === state).length] as const);
  });
  read(
    {
      name: "oken_agents_backing_off",
      help: "Agents that did not stay up and wait for their next start.",
      labels: [],
      type: "gauge",
    },
    () => [
      [{}, registry.all().filter(({ state, backoff }) => state === "error" && backoff.waitMs > 0).length],
    ],
  );
  read(
    {
      name: "oken_invokes_in_flight",
      help: "Slots of agents that are in use, by invokes, streams and WebSockets.",
      labels: [],
      type: "gauge",
    },
    () => [[{}, sum(registry.all().flatMap(({ serving }) => serving.map(({ inFlight }) => inFlight)))]],
  );
  read(
    {
      name: "oken_instances",
      help: "Instances that serve: one of each agent that runs, and those that it has beside it.",
      labels: [],
      type: "gauge",
    },
    () => [[{}, sum(registry.all().map(({ serving }) => serving.length))]],
  );
  read(
    {
      name: "oken_invokes_waiting",
      help: "Invokes that wait for a free slot or for a cold start.",
      labels: [],
      type: "gauge",
    },
    () => [[{}, sum(registry.all().map(({ queue }) => queue.length))]],
  );
  observeEach(metrics, registry, engine);
  const restarts = createRestartCount(registry);
  read(
    {
      name: "oken_agent_worker_restarts_total",
      help: "Processes that runtimes have replaced: they had ended, or hung. Asked for with the metrics.",
      labels: [],
      type: "counter",
    },
    async () => [[{}, await restarts()]],
  );
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
