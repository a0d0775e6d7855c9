import { createHash } from "node:crypto";

import { type Destination, parseDestination } from "../../lib/destinations.ts";
import { parseJson } from "../../lib/json.ts";
import type { Egress } from "../../model/manifest.ts";

/** A network of agents, and what they reach. */
export type AgentNetwork = {
  name: string;
  /** Kept in its label; undefined for the usual network, which several runners may share. */
  policy: string | undefined;
  /** Public addresses. */
  internet: boolean;
  /** Without a route to anywhere. */
  internal: boolean;
  /** Its agents name hosts, which they reach by a proxy in their network. */
  listed: boolean;
  allow: Destination[];
};

/** The whole internet, and nothing else. */
export const OPEN: Egress = { mode: "internet", hosts: [], allow: [] };

/**
 * The network of the agents that reach what `egress` says. They are told apart by the network and not by their
 * addresses: an address is soon another's. The usual network is `base`, which several runners may share; every other
 * one is its runner's own.
 */
export function agentNetwork(base: string, runnerId: string, egress: Egress): AgentNetwork {
  const { mode } = egress;
  const allow = egress.allow.flatMap((text) => parseDestination(text) ?? []);
  const policy = policyText(egress);
  const listed = mode === "listed";
  // The proxy is in two networks. The engine sends what it sends by the one whose name comes first.
  const suffix = (listed ? "x" : "") + digest(`${runnerId}\0${policy}`);
  const name = policy === policyText(OPEN) ? base : `${base}-${suffix}`;
  return {
    name,
    policy: name === base ? undefined : policy,
    internet: mode === "internet",
    // It needs no way out; without one, nothing gets out even while a rule is missing.
    internal: mode !== "internet" && allow.length === 0,
    listed,
    allow,
  };
}

/** Whether a network of that name is one of the agents'. */
export function isAgentNetwork(base: string, name: string): boolean {
  return name === base || (name.startsWith(`${base}-`) && DIGEST.test(name.slice(base.length + 1)));
}

/** What a network's label says of it, for the next run of the runner. Which hosts are named is not the network's affair. */
function policyText({ mode, allow }: Egress): string {
  return JSON.stringify({ mode, allow });
}

export function readPolicy(text: string): Egress | undefined {
  const { mode, allow }: Partial<Egress> = Object(parseJson(text));
  return mode === undefined || allow === undefined ? undefined : { mode, hosts: [], allow };
}

const DIGEST = /^x?[0-9a-f]{8}$/;

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
