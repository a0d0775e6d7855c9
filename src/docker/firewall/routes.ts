import type { RunCommand } from "./firewall.ts";
import type { Command } from "./iptables.ts";

/** Marks our routes. The numbers above 191 are free for programs of one's own (rt_protos). */
const PROTOCOL = "197";

/** Every other route to the same network is preferred. */
const LAST_METRIC = "4294967295";

/**
 * Has packets to a network that is gone go nowhere. Otherwise what is meant for an agent, whose bridge was just removed,
 * would leave this host by its default route.
 */
export async function guardRoutes(run: RunCommand, subnets: string[]): Promise<void> {
  for (const subnet of subnets) await run(guardCommand("replace", subnet));
}

/** Takes our routes to networks away that no network of the engine has. */
export async function sweepRoutes(run: RunCommand, subnets: string[]): Promise<void> {
  for (const family of ["-4", "-6"]) {
    const listing = await run({ program: "ip", args: [family, "route", "show", "proto", PROTOCOL] }).catch(
      () => "",
    );
    const guarded = [...listing.matchAll(/^unreachable (\S+)/gm)].flatMap(([, subnet]) => subnet ?? []);
    for (const subnet of guarded) if (!subnets.includes(subnet)) await run(guardCommand("del", subnet));
  }
}

function guardCommand(verb: "replace" | "del", subnet: string): Command {
  const family = subnet.includes(":") ? "-6" : "-4";
  const route = ["unreachable", subnet, "proto", PROTOCOL, "metric", LAST_METRIC];
  return { program: "ip", args: [family, "route", verb, ...route] };
}
