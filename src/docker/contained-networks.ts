import type { Containment } from "../model/containment.ts";
import type { Egress } from "../model/manifest.ts";
import { type AgentNetwork, OPEN, agentNetwork, readPolicy } from "./agent-networks.ts";
import * as args from "./args.ts";
import {
  type ContainmentKeeper,
  type ContainmentParts,
  type ContainmentSettings,
  createContainment,
} from "./containment.ts";
import { ensureProxy, proxyEnvironment, removeProxy } from "./egress-proxy.ts";
import type { DockerExec } from "./exec.ts";
import { sweep } from "./firewall/sweep.ts";
import type { ContainerSpec, Engine } from "./types.ts";

/** An address that nobody has (RFC 5737), for those who are to resolve no names. */
const NO_RESOLVER = "192.0.2.1";

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
  { network: base, runnerId }: Pick<args.ContainerSettings, "network" | "runnerId">,
): ContainedNetworks {
  const { exec, networks } = parts;
  const kept = new Map<string, Kept>();
  let isBegun = false;

  const keep = (egress: Egress): Kept => {
    const network = agentNetwork(base, runnerId, egress);
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

  /** Once in a run: takes over the networks of the last one, and clears what is nobody's. */
  async function begin(): Promise<void> {
    if (isBegun) return;
    const lines = (await exec.run(args.policyNetworksArgs(runnerId)))
      .split("\n")
      .filter((line) => line !== "");
    for (const line of lines) {
      const name = line.slice(0, line.indexOf(" "));
      const egress = readPolicy(line.slice(name.length + 1));
      if (egress === undefined || keep(egress).network.name !== name) continue;
      const agents = await exec.run(args.agentsInArgs(name));
      if (agents.trim() !== "") continue;
      kept.delete(name);
      await removeProxy(exec, { owner: runnerId, network: name });
      // The network on the other side of a proxy stays while the proxy does.
      await exec.run(["network", "rm", "--", name]).catch(() => keep(egress));
    }
    isBegun = true;
    await sweep(parts).catch(() => undefined);
  }

  async function contain(): Promise<Containment> {
    await begin();
    const found = [...kept.values()].map(({ keeper }) => keeper.contain());
    return worst(await Promise.all(found));
  }

  return {
    contain,
    async ensureNetwork() {
      for (const { keeper } of kept.values()) keeper.doubt();
      await contain();
    },
    networkExists: async () => (await networks.find(base)) !== undefined,
    containment: async () =>
      worst(await Promise.all([...kept.values()].map(({ keeper }) => keeper.containment()))),
    placeOf(egress = OPEN) {
      const { network } = keep(egress);
      return {
        network: network.name,
        dns: network.internet ? (settings.resolvers ?? []) : [NO_RESOLVER],
        env: network.listed ? proxyEnvironment(egress, settings.proxy?.key ?? "") : {},
      };
    },
    admit: ({ image, egress }) => (egress === undefined ? usual : keep(egress)).keeper.admit(image),
  };
}

/** The order in which findings count, the worst last. */
const GRAVITY = ["contained", "unknown", "tolerated", "open"] as const;

function worst(found: Containment[]): Containment {
  const gravest = Math.max(...found.map(({ state }) => GRAVITY.indexOf(state)));
  const all = found.filter(({ state }) => state === GRAVITY[gravest]);
  return all.find((one) => one.state === "contained" && one.mended) ?? all[0] ?? { state: "unknown" };
}
