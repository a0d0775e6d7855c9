import type { Identity } from "./types.ts";

/** Labels on every container, image and network of ours. Truth after a restart is disk plus these. */
const LABEL = {
  managed: "oken.managed",
  /** Identity of the data directory, so that two runners on one engine leave each other's alone. */
  runner: "oken.runner",
  agent: "oken.agent",
  version: "oken.version",
  spec: "oken.spec",
} as const;

export const MANAGED = { [LABEL.managed]: "true" };

/** What tells this runner's objects from another's. */
export function runnerLabels(runnerId: string): Record<string, string> {
  return { ...MANAGED, [LABEL.runner]: runnerId };
}

export function identityLabels(runnerId: string, identity: Identity): Record<string, string> {
  return {
    ...runnerLabels(runnerId),
    [LABEL.agent]: identity.agentId,
    [LABEL.version]: String(identity.version),
    [LABEL.spec]: identity.spec,
  };
}

/** The runner's labels alone, without those that would make an object an agent's. */
export function runnerOf(labels: Record<string, string>): Record<string, string> {
  const { [LABEL.agent]: _agent, [LABEL.version]: _version, [LABEL.spec]: _spec, ...rest } = labels;
  return rest;
}

/** Undefined when the labels are not those of an agent. */
export function parseIdentity(labels: Record<string, string>): Identity | undefined {
  const { [LABEL.agent]: agentId, [LABEL.version]: version, [LABEL.spec]: spec } = labels;
  if (agentId === undefined || version === undefined || spec === undefined) return undefined;
  return { agentId, version: Number(version), spec };
}
