import type { Claim, Identity } from "./types.ts";

/** Labels on all our containers, images, networks and volumes. A restart rebuilds its state from them and from the disk. */
export const LABEL = {
  managed: "oken.managed",
  /** The id of the data directory, so that two runners on one engine do not touch each other's objects. */
  runner: "oken.runner",
  agent: "oken.agent",
  version: "oken.version",
  spec: "oken.spec",
  /** On a further container of a version: its number, from 2 on. */
  replica: "oken.replica",
  /** On an agent's volume: the path at which the agent has it. */
  volume: "oken.volume",
  /** On a runner's claim: who holds it. */
  claim: "oken.claim",
  /** On a claim in a swarm: another text each time that its holder shows that it lives. */
  beat: "oken.beat",
  /** On what a swarm keeps of a runner's records: its kind, and the number of this text of it. */
  record: "oken.record",
  number: "oken.number",
} as const;

export const AGENT_LABEL = LABEL.agent;

/** On the networks that are a runner's own: what their agents reach. */
export const POLICY_LABEL = "oken.egress";

export const MANAGED = { [LABEL.managed]: "true" };

/** The labels that tell this runner's objects from those of others. */
export function runnerLabels(runnerId: string): Record<string, string> {
  return { ...MANAGED, [LABEL.runner]: runnerId };
}

export function identityLabels(runnerId: string, identity: Identity): Record<string, string> {
  return {
    ...runnerLabels(runnerId),
    [LABEL.agent]: identity.agentId,
    [LABEL.version]: String(identity.version),
    [LABEL.spec]: identity.spec,
    ...(identity.replica === undefined ? {} : { [LABEL.replica]: String(identity.replica) }),
  };
}

export function claimLabels({ runnerId, holder }: Claim): Record<string, string> {
  return { [LABEL.runner]: runnerId, [LABEL.claim]: holder };
}

export function labelArgs(labels: Record<string, string>): string[] {
  return Object.entries(labels).flatMap(([name, value]) => ["--label", `${name}=${value}`]);
}

/** Of a listing: what has all of these labels. */
export function filterArgs(labels: Record<string, string>): string[] {
  return Object.entries(labels).flatMap(([name, value]) => ["--filter", `label=${name}=${value}`]);
}

/** The labels without those that make an object an agent's. */
export function runnerOf(labels: Record<string, string>): Record<string, string> {
  const { [LABEL.agent]: _agent, [LABEL.version]: _version, [LABEL.spec]: _spec, ...rest } = labels;
  return rest;
}

/** Undefined if the labels are not an agent's. */
export function parseIdentity(labels: Record<string, string>): Identity | undefined {
  const { [LABEL.agent]: agentId, [LABEL.version]: version, [LABEL.spec]: spec } = labels;
  const { [LABEL.replica]: replica } = labels;
  if (agentId === undefined || version === undefined || spec === undefined) return undefined;
  return {
    agentId,
    version: Number(version),
    spec,
    ...(replica === undefined ? {} : { replica: Number(replica) }),
  };
}
