import type { Engine } from "../../docker/types.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import { NODE_STATES } from "../../model/node.ts";
import type { AgentParts } from "../parts.ts";

type NodeMetricsParts = Pick<AgentParts, "registry"> & {
  engine: Pick<Engine, "nodes"> & { can: Pick<Engine["can"], "nodes"> };
};

/** Tells the metrics which nodes there are and what runs there. There are none where there is one host. */
export function observeNodes({ read }: Pick<Metrics, "read">, { engine, registry }: NodeMetricsParts): void {
  const nodes = async () => (engine.can.nodes ? engine.nodes().catch(() => []) : []);
  read(
    {
      name: "oken_nodes",
      help: "Nodes, by state; none where agents run on one host.",
      labels: ["state"],
      type: "gauge",
    },
    async () => {
      const states = (await nodes()).map(({ state }) => state);
      if (!engine.can.nodes) return [];
      return NODE_STATES.map((state) => [{ state }, states.filter((it) => it === state).length] as const);
    },
  );
  read(
    {
      name: "oken_node_instances",
      help: "Instances on each node, those that finish their last calls among them.",
      labels: ["node"],
      type: "gauge",
    },
    async () => {
      const there = registry
        .all()
        .flatMap((agent) => agent.instances().map(({ container }) => container.nodeId));
      return (await nodes()).map(
        ({ id, name }) => [{ node: name }, there.filter((it) => it === id).length] as const,
      );
    },
  );
}
