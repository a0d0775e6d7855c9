import { RunnerError } from "../../lib/errors.ts";
import type { Containment } from "../../model/containment.ts";
import type { Egress } from "../../model/manifest.ts";
import { type AgentNetwork, OPEN, agentNetwork, readPolicy } from "./agent-networks.ts";
import type { ContainerSettings } from "../containers/container-args.ts";
import {
  type ContainmentKeeper,
  type ContainmentParts,
  type ContainmentSettings,
  createContainment,
} from "./containment.ts";
import { ensureProxy, proxyEnvironment, removeProxy } from "./egress-proxy.ts";
import type { DockerExec } from "../exec.ts";
import { sweep } from "../firewall/sweep.ts";
import type { ContainerSpec, Engine } from "../types.ts";
import { agentsInArgs, policyNetworksArgs } from "./network-args.ts";

/** An address that nobody has (RFC 5737), for those who are to resolve no names. */
const NO_RESOLVER = "192.0.2.1";

/** Most networks of one runner. An engine has addresses for about 30, and builds need some. */
const MAX_NETWORKS = 16;

/** The networks of the agents, one for each thing that agents reach. */
export type ContainedNetworks = Pick<
  Engine,
  "ensureNetwork" | "networkExists" | "contain" | "containment"
> & {
  /** Where an agent's container is put. */
  placeOf(egress: Egress | undefined): { network: string; dns: string[]; env: Record<string, string> };
  /** Rejects unless the container may start. Makes its network. */
  admit(spec: Pick<ContainerSpec, "image" | "egress">): Promise<void>;
};

type Kept = { network: AgentNetwork; keeper: ContainmentKeeper };

export function createContainedNetworks(
  parts: ContainmentParts & { exec: DockerExec },
  settings: ContainmentSettings,
  { network: base, runnerId }: Pick<ContainerSettings, "network" | "runnerId">,
): ContainedNetworks {
  const { exec, networks } = parts;
  const kept = new Map<string, Kept>();
  let begun: Promise<void> | undefined;

  const networkOf = (egress: Egress) => agentNetwork(base, runnerId, egress);
  const keep = (egress: Egress): Kept => {
    const network = networkOf(egress);
    const known = kept.get(network.name);
    if (known !== undefined) return known;
    const added = {
      network,
      keeper: createContainment({ ...parts, ensureProxy: proxyOf }, settings, network),
    };
    kept.set(network.name, added);
    return added;
  };
  const usual = keep(OPEN);

  async function proxyOf(network: string): Promise<{ address: string; port: number }> {
    const { proxy } = settings;
    if (proxy === undefined) throw new Error("there is no proxy for agents that name hosts");
    const uplink = keep({ ...OPEN, allow: proxy.exceptions });
    await uplink.keeper.contain();
    return ensureProxy(exec, proxy, { owner: runnerId, network, uplink: uplink.network.name });
  }

  /** Removes the runner's own networks that no agent is in, and keeps the others. */
  async function clear(): Promise<void> {
    const lines = (await exec.run(policyNetworksArgs(runnerId))).split("\n");
    for (const line of lines.filter((text) => text !== "")) {
      const name = line.slice(0, line.indexOf(" "));
      const egress = readPolicy(line.slice(name.length + 1));
      if (egress === undefined || networkOf(egress).name !== name) continue;
      const agents = await exec.run(agentsInArgs(name));
      // The network on the other side of a proxy stays while the proxy does.
      if (agents.trim() !== "" || !(await removed(name))) keep(egress);
      else kept.delete(name);
    }
  }

  async function removed(name: string): Promise<boolean> {
    await removeProxy(exec, { owner: runnerId, network: name });
    return exec.run(["network", "rm", "--", name]).then(
      () => true,
      () => false,
    );
  }

  /** Once in a run: takes over the networks of the last one, and clears what is nobody's. */
  const begin = () => {
    begun ??= clear()
      // What is nobody's is in nobody's way.
      .then(() => sweep(parts).catch(() => undefined))
      .catch((error: unknown) => {
        begun = undefined;
        throw error;
      });
    return begun;
  };

  /** The usual network tells of the host. What is wrong with another one its agents are told when they start. */
  async function contain(): Promise<Containment> {
    await begin();
    const others = [...kept.values()].filter((one) => one !== usual);
    const [found] = await Promise.all([
      usual.keeper.contain(),
      ...others.map(({ keeper }) => keeper.contain().catch(() => undefined)),
    ]);
    return found;
  }

  return {
    contain,
    async ensureNetwork() {
      for (const { keeper } of kept.values()) keeper.doubt();
      await contain();
    },
    networkExists: async () => (await networks.find(base)) !== undefined,
    containment: () => usual.keeper.containment(),
    placeOf(egress = OPEN) {
      const network = networkOf(egress);
      return {
        network: network.name,
        dns: network.internet ? (settings.resolvers ?? []) : [NO_RESOLVER],
        env: network.listed ? proxyEnvironment(egress, settings.proxy?.key ?? "") : {},
      };
    },
    async admit({ image, egress = OPEN }) {
      const isNew = !kept.has(networkOf(egress).name);
      if (isNew && kept.size >= MAX_NETWORKS) await clear();
      if (isNew && kept.size >= MAX_NETWORKS) throw tooMany();
      await keep(egress).keeper.admit(image);
    },
  };
}

function tooMany(): RunnerError {
  return new RunnerError(
    "CONTAINER_ERROR",
    `There are ${MAX_NETWORKS} networks already, one for each combination of egress and [network] allow that an agent has. Use one of theirs.`,
    { details: { limit: MAX_NETWORKS } },
  );
}
