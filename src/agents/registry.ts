import { RunnerError } from "../lib/errors.ts";
import type { Agent } from "./agent.ts";

/** The agents of this runner, by id. */
export type Registry = {
  find(agentId: string): Agent | undefined;
  /** Throws AGENT_NOT_FOUND. */
  get(agentId: string): Agent;
  /** In the order they were first deployed. */
  all(): Agent[];
  add(agent: Agent): void;
  remove(agentId: string): void;
};

export function createRegistry(): Registry {
  const agents = new Map<string, Agent>();
  return {
    find: (agentId) => agents.get(agentId),
    get(agentId) {
      const agent = agents.get(agentId);
      if (agent === undefined)
        throw new RunnerError(
          "AGENT_NOT_FOUND",
          `There is no agent ${JSON.stringify(agentId.slice(0, 128))}.`,
        );
      return agent;
    },
    all: () => [...agents.values()].sort(byAge),
    add: (agent) => void agents.set(agent.id, agent),
    remove: (agentId) => void agents.delete(agentId),
  };
}

/** By code points, as cursors of lists compare. */
function byAge(one: Agent, other: Agent): number {
  const [first, second] = [one, other].map(({ record, id }) => `${record.created_at} ${id}`);
  return (first ?? "") < (second ?? "") ? -1 : 1;
}
