import { lookup } from "node:dns/promises";
import { isIP } from "node:net";

import type { Destination } from "../../lib/destinations.ts";
import { RunnerError, messageOf } from "../../lib/errors.ts";
import type { DockerExec } from "../exec.ts";
import {
  type BuildPlan,
  areBuildsHeld,
  buildRulesIn,
  putInBuilds,
  takeOutBuilds,
} from "../firewall/builds.ts";
import type { RunCommand } from "../firewall/firewall.ts";
import { listCommand, restoreCommand } from "../firewall/iptables.ts";
import { hostResolvers } from "../firewall/resolvers.ts";
import type { Family } from "../firewall/rule.ts";

/** Keeps builds from what is not public, as the operator chose. */
export type BuildContainment = {
  /** Has the rules in place before a build. Rejects when they cannot be. */
  admit(): Promise<void>;
  /** Looks again. What it finds is told by the next build. */
  look(): Promise<void>;
};

export type BuildContainmentOptions = {
  exec: DockerExec;
  run: RunCommand;
  runnerId: string;
  /** Where builds fetch from, as addresses of the web; undefined leaves builds as they are. */
  sources: string[] | undefined;
  resolvers: string[] | undefined;
};

const FAMILIES: Family[] = [4, 6];
const DNS_PORT = 53;
const PORTS: Record<string, number> = { "http:": 80, "https:": 443 };

/** Prints the interface of the network in which the engine builds. */
const BRIDGE_ARGS = [
  ...["network", "inspect", "--format", '{{index .Options "com.docker.network.bridge.name"}}'],
  ...["--", "bridge"],
];

export function createBuildContainment(options: BuildContainmentOptions): BuildContainment {
  const { exec, run, runnerId, sources } = options;
  const held = new Map<Family, string>();
  let isHeld = false;
  let isReleased = false;
  let looking: Promise<void> | undefined;

  async function hold(plan: BuildPlan, family: Family): Promise<void> {
    const key = JSON.stringify(plan.exceptions);
    const listing = await run(listCommand(family));
    if (held.get(family) === key + buildRulesIn(listing, runnerId) && areBuildsHeld(listing, plan)) return;
    await run(restoreCommand(family, putInBuilds(plan, family, listing)));
    const after = await run(listCommand(family));
    if (!areBuildsHeld(after, plan))
      throw new Error(`the firewall's rules for ${plan.bridge} do not stay in place`);
    held.set(family, key + buildRulesIn(after, runnerId));
  }

  async function look(): Promise<void> {
    if (sources === undefined) return release();
    isHeld = false;
    const bridge = (await exec.run(BRIDGE_ARGS)).trim();
    const resolvers = options.resolvers ?? (await hostResolvers());
    const asked = resolvers.map((address) => destinationOf(address, DNS_PORT));
    const exceptions = [...(await addressesOf(sources)), ...asked];
    for (const family of FAMILIES) await hold({ runnerId, bridge, exceptions }, family);
    isHeld = true;
  }

  /** An earlier run may have put them in. Where the firewall is out of reach there are none. */
  async function release(): Promise<void> {
    if (isReleased) return;
    isReleased = true;
    for (const family of FAMILIES) {
      const input = takeOutBuilds(runnerId, await run(listCommand(family)).catch(() => ""));
      if (input !== undefined) await run(restoreCommand(family, input));
    }
  }

  const once = () => {
    looking ??= look().finally(() => (looking = undefined));
    return looking;
  };

  return {
    look: once,
    async admit() {
      if (sources === undefined || isHeld) return;
      try {
        await once();
      } catch (error) {
        throw new RunnerError(
          "ENGINE_UNAVAILABLE",
          `No build starts: ${messageOf(error)} (OKEN_CONTAIN_BUILDS).`,
          {
            details: { reason: "not_contained" },
          },
        );
      }
    },
  };
}

/** A name may have another address by the next look. One without any fails by itself. */
async function addressesOf(sources: string[]): Promise<Destination[]> {
  const found = await Promise.all(
    sources
      .filter((source) => URL.canParse(source))
      .map(async (source) => {
        const { hostname, port, protocol } = new URL(source);
        const addresses = await lookup(hostname.replace(/^\[|\]$/g, ""), { all: true }).catch(() => []);
        return addresses.map(({ address }) => destinationOf(address, Number(port) || PORTS[protocol]));
      }),
  );
  return found.flat().toSorted((one, other) => one.address.localeCompare(other.address));
}

function destinationOf(address: string, port: number | undefined): Destination {
  return { address, length: isIP(address) === 6 ? 128 : 32, port };
}
