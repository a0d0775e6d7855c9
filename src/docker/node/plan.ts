import { networkInterfaces } from "node:os";

import { networkOf } from "../../lib/networks.ts";
import { networkInspectArgs } from "../args.ts";
import type { DockerExec } from "../exec.ts";
import { hostResolvers } from "../firewall/resolvers.ts";
import { type FirewallPlan, tagOf } from "../firewall/rules.ts";
import { readNetwork } from "../network-facts.ts";

/** The network of services that name no other: every engine has it, on every node. */
const NETWORK = "bridge";

/** What agents of a swarm may reach from this node: the internet, and the resolvers that they ask. */
export async function nodePlan(
  exec: Pick<DockerExec, "run">,
  { resolvers }: { resolvers: string[] | undefined },
): Promise<FirewallPlan> {
  const facts = readNetwork(NETWORK, await exec.run(networkInspectArgs(NETWORK)));
  return {
    tag: tagOf(NETWORK),
    bridge: facts?.bridge ?? "docker0",
    hasIPv6: facts?.hasIPv6 ?? false,
    internet: true,
    resolvers: resolvers ?? (await hostResolvers()),
    allow: [],
    neighbours: neighbourNetworks(),
  };
}

/** The networks that this host is in: other nodes may be there at addresses of the internet. */
function neighbourNetworks(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((some) => some ?? []);
  const networks = addresses
    .filter(({ internal, address }) => !internal && !address.startsWith("fe80:"))
    .flatMap(({ cidr }) => (cidr === null ? [] : networkOf(cidr)));
  return [...new Set(networks)].sort();
}
