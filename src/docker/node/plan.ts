import { networkInterfaces } from "node:os";

import { networkOf } from "../../lib/networks.ts";
import type { DockerExec } from "../exec.ts";
import { hostResolvers } from "../firewall/resolvers.ts";
import { type FirewallPlan, tagOf } from "../firewall/rules.ts";
import { networkInspectArgs } from "../networks/network-args.ts";
import { readNetwork } from "../networks/network-facts.ts";
import { nodeCallers } from "./callers.ts";

/** The network of services that name no other: every engine has it, on every node. */
const NETWORK = "bridge";

/** What agents of a swarm may reach from this node: the internet, and the resolvers that they ask. And who may call them. */
export async function nodePlan(
  exec: Pick<DockerExec, "run">,
  { resolvers }: { resolvers: string[] | undefined },
): Promise<FirewallPlan> {
  const [network, callers] = await Promise.all([exec.run(networkInspectArgs(NETWORK)), nodeCallers(exec)]);
  const facts = readNetwork(NETWORK, network);
  return {
    tag: tagOf(NETWORK),
    bridge: facts?.bridge ?? "docker0",
    hasIPv6: facts?.hasIPv6 ?? false,
    internet: true,
    resolvers: resolvers ?? (await hostResolvers()),
    allow: [],
    neighbours: neighbourNetworks(),
    callers,
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
