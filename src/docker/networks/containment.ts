import type { Clock } from "../../lib/clock.ts";
import { type Destination, covers } from "../../lib/destinations.ts";
import { RunnerError, messageOf } from "../../lib/errors.ts";
import type { Containment } from "../../model/containment.ts";
import type { AgentNetwork } from "./agent-networks.ts";
import type { ProxySettings } from "./egress-proxy.ts";
import { undefinedIfNoSuchObject } from "../errors.ts";
import type { FetchProxySettings } from "./fetch-proxy.ts";
import type { Canaries } from "../firewall/canary.ts";
import type { Firewall, RunCommand } from "../firewall/firewall.ts";
import { isInterface } from "../firewall/interfaces.ts";
import { hostResolvers } from "../firewall/resolvers.ts";
import { guardRoutes } from "../firewall/routes.ts";
import { type FirewallPlan, tagOf } from "../firewall/rules.ts";
import type { NetworkFacts } from "./network-facts.ts";
import type { Networks } from "./network.ts";

export type ContainmentSettings = {
  /** Agents run even where nothing can keep them from the host. */
  allowUncontained: boolean;
  /** Has the programs of the firewall, for a runner that may not change it itself. */
  firewallImage: string | undefined;
  /** The resolvers that agents ask; undefined for the engine's choice. */
  resolvers: string[] | undefined;
  /** What the operator opens today; undefined for whatever a network was made with. */
  opened?: Destination[] | undefined;
  /** For agents that name the hosts they reach. */
  proxy?: ProxySettings | undefined;
  /** Of builds; undefined where they go by themselves, or by the operator's. */
  fetchProxy?: FetchProxySettings | undefined;
  /** Where builds fetch from, which are then contained too; undefined leaves them as they are. */
  buildSources?: string[] | undefined;
};

/** How long it holds that a container could not reach the host, milliseconds, while the rules stay as they were. */
const PROOF_HOLDS_MS = 300_000;

/** Keeps the agents of one network away from the host, its networks and each other. */
export type ContainmentKeeper = {
  /** Looks, and mends what is missing. Rejects only if the engine does not answer. */
  contain: () => Promise<Containment>;
  /** What the last look found. */
  containment: () => Promise<Containment>;
  /** Has the next look prove anew: the engine or the network is another one. */
  doubt: () => void;
  /** Rejects unless an agent may start. `image` is one in which a probe can run. */
  admit: (image: string) => Promise<void>;
};

export type ContainmentParts = {
  run: RunCommand;
  firewall: Firewall;
  networks: Networks;
  canaries: Canaries;
  clock: Pick<Clock, "monotonic">;
  /** The setting of this host by which agents reach each other past the firewall, if there is one. */
  unfiltered?: (network: Pick<NetworkFacts, "hasIPv6">) => Promise<string | undefined>;
  /** Has the proxy of a network run. */
  ensureProxy?: (network: string) => Promise<{ address: string; port: number }>;
};

export function createContainment(
  parts: ContainmentParts,
  settings: ContainmentSettings,
  network: AgentNetwork,
): ContainmentKeeper {
  const { firewall, networks, canaries, clock, run } = parts;
  let found: Containment = { state: "unknown" };
  let provedAt: number | undefined;
  /** In which the last probe ran. */
  let probeImage: string | undefined;
  let leak: string | undefined;
  /** The plan whose rules the last look left in place. */
  let held: string | undefined;
  let looking: Promise<Containment> | undefined;
  let proving: Promise<void> | undefined;

  async function look(): Promise<Containment> {
    const before = held;
    try {
      const facts = await networks.ensure(network);
      if (settings.firewallImage === undefined) requireOnThisHost(facts);
      const plan = await planOf(facts);
      held = undefined;
      const put = await firewall.hold([plan]);
      held = JSON.stringify(plan);
      // Without the program the firewall still holds.
      await guardRoutes(run, facts.subnets).catch(() => undefined);
      const setting = settings.firewallImage === undefined ? await parts.unfiltered?.(facts) : undefined;
      if (setting !== undefined) return { state: "open", why: unfilteredWhy(setting, facts) };
      if (put.length > 0) provedAt = undefined;
      if (provedAt === undefined || isOld()) await proveAgain(facts);
      if (leak !== undefined) return { state: "open", why: leak };
      return { state: "contained", ...(before === held && put.length > 0 ? { mended: true } : {}) };
    } catch (error) {
      return fromError(error);
    }
  }

  const isOld = () => provedAt !== undefined && clock.monotonic() - provedAt > PROOF_HOLDS_MS;

  /** Proves anew with the image of the last probe. Before the first start, and where it is gone, the next start does it. */
  async function proveAgain(facts: NetworkFacts): Promise<void> {
    if (probeImage !== undefined) await prove(facts, probeImage).catch(undefinedIfNoSuchObject);
  }

  const prove = (facts: NetworkFacts, image: string) => {
    proving ??= probe(facts, image).finally(() => (proving = undefined));
    return proving;
  };

  async function probe(facts: NetworkFacts, image: string): Promise<void> {
    probeImage = image;
    const reached = await canaries.reached({ network: network.name, image, gateways: facts.gateways });
    leak =
      reached === undefined
        ? undefined
        : `A container in ${network.name} reached the host at ${reached}, although the rules against it are in place: another rule lets it through.`;
    provedAt = leak === undefined ? clock.monotonic() : undefined;
  }

  async function planOf({ name, bridge, hasIPv6, subnets }: NetworkFacts): Promise<FirewallPlan> {
    // Without the internet there are no names to resolve: a question is a way out too.
    const resolvers = network.internet ? (settings.resolvers ?? (await hostResolvers())) : [];
    const { internet } = network;
    const { opened } = settings;
    // An operator may have shut since what a version was deployed with.
    const allow = network.allow.filter((asked) => opened?.some((open) => covers(open, asked)) ?? true);
    const proxy = network.listed ? await parts.ensureProxy?.(name) : undefined;
    // The engine keeps containers apart too, but its rules are others' to take out.
    const own = { tag: tagOf(name), bridge, hasIPv6, neighbours: subnets };
    return { ...own, internet, resolvers, allow, proxy };
  }

  function fromError(error: unknown): Containment {
    const reason = error instanceof RunnerError ? error.details?.["reason"] : undefined;
    if (reason === "no_firewall") {
      const why = `Nothing keeps agents from this host's services and private networks: ${messageOf(error)}.`;
      if (settings.allowUncontained) return { state: "tolerated", why };
      return { state: "open", why: `${why} ${REMEDY}` };
    }
    if (reason === "network_refused" || reason === "not_held")
      return { state: "open", why: messageOf(error) };
    throw error;
  }

  /** A helper's image says that the host is not ours to listen on: there the rules alone count. */
  const isProved = () => provedAt !== undefined || settings.firewallImage !== undefined;

  const contain = () => {
    looking ??= look()
      .then((next) => (found = next))
      .finally(() => (looking = undefined));
    return looking;
  };

  return {
    contain,
    containment: async () => found,
    doubt: () => void (provedAt = undefined),
    async admit(image) {
      if (found.state === "tolerated" || (found.state === "contained" && isProved())) return;
      const now = await contain();
      if (now.state === "contained" && !isProved()) {
        await prove(await networks.ensure(network), image);
        // Somebody may have taken the rules out meanwhile: another look puts them in, and proves anew.
        if (leak !== undefined) await contain();
      }
      if (found.state === "open")
        throw new RunnerError("ENGINE_UNAVAILABLE", `No agent starts: ${found.why}`, {
          details: { reason: "not_contained" },
        });
    },
  };
}

const REMEDY =
  "Run the runner as root beside the engine, name an image with iptables in OKEN_FIREWALL_IMAGE, or accept it with OKEN_ALLOW_UNCONTAINED=yes.";

function unfilteredWhy(setting: string, { name }: NetworkFacts): string {
  return `Agents in ${name} reach each other, since ${setting} is 0. Set it to 1: sysctl -w ${setting}=1`;
}

/** Rules of this host's firewall say nothing to a bridge elsewhere. */
function requireOnThisHost({ bridge }: NetworkFacts): void {
  if (isInterface(bridge)) return;
  throw new RunnerError(
    "ENGINE_UNAVAILABLE",
    `the bridge ${bridge} is not on this host, as with an engine that is remote, rootless or in a virtual machine`,
    { details: { reason: "no_firewall" } },
  );
}
