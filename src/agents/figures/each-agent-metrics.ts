import type { Engine } from "../../docker/types.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import type { Agent } from "../agent.ts";
import { memoryOf } from "./memory-readings.ts";
import type { Registry } from "../registry.ts";

/** Tells the metrics of single agents, of those that have series of their own. */
export function observeEach(
  { read, agentInvokes }: Pick<Metrics, "read" | "agentInvokes">,
  registry: Registry,
  engine: Pick<Engine, "usage">,
): void {
  const each = (
    name: string,
    help: string,
    look: (agent: Agent) => number | undefined | Promise<number | undefined>,
  ) =>
    read({ name, help, labels: ["agent"], type: "gauge" }, async () => {
      const shown = registry.all().filter(({ id }) => agentInvokes.has(id));
      const values = await Promise.all(shown.map(async (agent) => [agent.id, await look(agent)] as const));
      return values.flatMap(([agent, value]) => (value === undefined ? [] : [[{ agent }, value] as const]));
    });

  each("oken_agent_running", "1 for an agent that runs, 0 for one that does not.", ({ state }) =>
    state === "running" ? 1 : 0,
  );
  each("oken_agent_invokes_in_flight", "Slots of the agent that are in use.", ({ serving }) =>
    serving.reduce((sum, { inFlight }) => sum + inFlight, 0),
  );
  each("oken_agent_instances", "Instances of the agent that serve.", ({ serving }) => serving.length);
  each("oken_agent_invokes_waiting", "Invokes that wait for the agent.", ({ queue }) => queue.length);
  each("oken_agent_memory_bytes", "Memory that the agent's containers use.", (agent) =>
    memoryOf(engine, agent),
  );
}
