import type { History } from "../../src/agents/deploy/history.ts";
import type { DeploymentRecord } from "../../src/agents/deploy/record.ts";

/** Keeps the records of deployments in memory, all of them. */
export function createFakeHistory(): History {
  const records = new Map<string, DeploymentRecord>();
  const byAgent = new Map<string, number[]>();
  const numbers = (agentId: string) => byAgent.get(agentId) ?? [];
  return {
    load: () => Promise.resolve(),
    numbers,
    next(agentId) {
      const number = (numbers(agentId).at(-1) ?? 0) + 1;
      byAgent.set(agentId, [...numbers(agentId), number]);
      return number;
    },
    write: (record) => Promise.resolve(void records.set(`${record.agent_id} ${record.number}`, record)),
    read: (agentId, number) => Promise.resolve(records.get(`${agentId} ${number}`)),
    forget: (agentId) => Promise.resolve(void byAgent.delete(agentId)),
  };
}
