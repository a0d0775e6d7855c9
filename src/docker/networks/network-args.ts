import { tagOf } from "../firewall/rules.ts";
import { AGENT_LABEL, MANAGED, POLICY_LABEL, filterArgs, labelArgs, runnerLabels } from "../labels.ts";
import type { AgentNetwork } from "./agent-networks.ts";

export function networkInspectArgs(name: string): string[] {
  return ["network", "inspect", "--", name];
}

/** Agents cannot reach each other; the runner reaches each of them through the bridge. */
export function networkCreateArgs({ name, policy, internal }: AgentNetwork, runnerId: string): string[] {
  const own = policy === undefined ? MANAGED : { ...runnerLabels(runnerId), [POLICY_LABEL]: policy };
  return [
    "network",
    "create",
    ...["--driver", "bridge"],
    ...(internal ? ["--internal"] : []),
    ...["--opt", "com.docker.network.bridge.enable_icc=false"],
    // The rules of the firewall name it, and outlive a network that is made anew.
    ...["--opt", `com.docker.network.bridge.name=${tagOf(name)}`],
    ...labelArgs(own),
    "--",
    name,
  ];
}

/** Prints the names and policies of a runner's own networks, a line each. */
export function policyNetworksArgs(runnerId: string): string[] {
  return [
    "network",
    "ls",
    ...filterArgs(runnerLabels(runnerId)),
    ...["--filter", `label=${POLICY_LABEL}`],
    ...["--format", `{{.Name}} {{.Label "${POLICY_LABEL}"}}`],
  ];
}

/** Prints the ids of the agents' containers in a network, running or not. */
export function agentsInArgs(network: string): string[] {
  return ["ps", "--all", "--quiet", "--filter", `network=${network}`, "--filter", `label=${AGENT_LABEL}`];
}
