import type { ForgettableHistogram } from "./prometheus.ts";

/** The label of all agents beyond the limit. No agent has this id. */
const OTHERS = "*";

const RESULTS = ["ok", "error"] as const;

type Invoke = { result: (typeof RESULTS)[number]; seconds: number };

/** Time series of single agents, of a bounded number of them. */
export type AgentSeries = {
  observe(agentId: string, invoke: Invoke): void;
  /** Whether the agent has series of its own; there may be room for it now. */
  has(agentId: string): boolean;
  /** The agent is gone: its series end, and another may have their place. */
  forget(agentId: string): void;
};

export function createAgentSeries(
  histogram: ForgettableHistogram<"agent" | "result">,
  maxAgents: number,
): AgentSeries {
  const shown = new Set<string>();
  const has = (agentId: string) => {
    if (!shown.has(agentId) && shown.size < maxAgents) shown.add(agentId);
    return shown.has(agentId);
  };
  return {
    has,
    observe(agentId, { result, seconds }) {
      histogram.observe({ agent: has(agentId) ? agentId : OTHERS, result }, seconds);
    },
    forget(agentId) {
      if (shown.delete(agentId)) for (const result of RESULTS) histogram.forget({ agent: agentId, result });
    },
  };
}
