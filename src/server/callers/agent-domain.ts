import { isMadeLabel, isPlainLabel, labelOf } from "./agent-label.ts";

/** The names below `OKEN_AGENT_DOMAIN`, of which each agent has one. */
export type AgentDomain = {
  /** Whether the host of this name is below the domain, and so never the API's. */
  covers(name: string): boolean;
  /** The agent whose host this is. */
  agentAt(name: string): string | undefined;
  hostOf(agentId: string): string;
};

/** @param agents those that there are; asked for when a label is no id */
export function createAgentDomain(domain: string, agents: () => Iterable<{ id: string }>): AgentDomain {
  const suffix = `.${domain}`;
  // A label follows from its id, so what was found once stays right.
  const found = new Map<string, string>();
  const search = (label: string): string | undefined => {
    if (!isMadeLabel(label)) return undefined;
    const known = found.get(label);
    if (known !== undefined) return known;
    for (const { id } of agents()) {
      if (labelOf(id) !== label) continue;
      found.set(label, id);
      return id;
    }
    return undefined;
  };
  return {
    covers: (name) => name.endsWith(suffix),
    agentAt(name) {
      const label = name.slice(0, -suffix.length);
      return isPlainLabel(label) ? label : search(label);
    },
    hostOf: (agentId) => labelOf(agentId) + suffix,
  };
}
