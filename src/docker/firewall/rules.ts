import { createHash } from "node:crypto";
import { isIP } from "node:net";

import type { Destination } from "../../lib/destinations.ts";
import { NOT_PUBLIC, createNetworkList } from "../../lib/networks.ts";
import { type Callers, callerRules } from "./callers.ts";
import type { Family, Rule } from "./rule.ts";

/** What a network's containers may reach. */
export type FirewallPlan = {
  /** Begins the names of the network's own chains. */
  tag: string;
  /** The network's interface on the host. No rule matches another. */
  bridge: string;
  hasIPv6: boolean;
  /** Public addresses too, or only what is named here. */
  internet: boolean;
  /** The resolvers that the engine forwards questions to, from inside the container. */
  resolvers: string[];
  /** Where they may go although it is not public. */
  allow: Destination[];
  /** Networks that are kept from them although their addresses are of the internet. */
  neighbours?: string[] | undefined;
  /** The containers' own proxy on the same network. */
  proxy?: { address: string; port: number } | undefined;
  /** Who may call them from elsewhere; undefined for everybody, where no port is published. */
  callers?: Callers | undefined;
};

/** Rules for packets to the host itself, for those that it passes on, and for those that it passes on to the bridge. */
export type RuleSet = { toHost: Rule[]; through: Rule[]; inwards: Rule[] };

const DNS_PORT = 53;

/** Begins every name of ours in a firewall. */
export const TAG_PREFIX = "oken-";

/** For the network of that name. Fits the name of an interface, 15 characters. */
export function tagOf(network: string): string {
  return TAG_PREFIX + createHash("sha256").update(network).digest("hex").slice(0, 10);
}

export function ruleSet(plan: FirewallPlan, family: Family): RuleSet {
  const length = family === 4 ? 32 : 128;
  const own = (address: string) => isIP(address) === family;
  const answers: Rule[] = [
    { match: { kind: "established" }, verdict: "pass" },
    { match: { kind: "related-icmp" }, verdict: "pass" },
  ];
  const neighbours = (family === 6 ? [135, 136] : []).map((type): Rule => ({
    match: { kind: "neighbours", type },
    verdict: "pass",
  }));
  const resolvers = plan.resolvers
    .filter(own)
    .flatMap((address) =>
      (["udp", "tcp"] as const).map((protocol) =>
        to(`${address}/${length}`, "pass", { protocol, port: DNS_PORT }),
      ),
    );
  const allowed = plan.allow.filter(({ address }) => own(address)).flatMap(passTo);
  const { proxy } = plan;
  const toProxy =
    proxy !== undefined && own(proxy.address)
      ? [
          to(`${proxy.address}/${length}`, "accept", { protocol: "tcp", port: proxy.port }),
          // Between containers of one network the engine lets no answer through either.
          { match: { kind: "established" }, verdict: "accept" } satisfies Rule,
        ]
      : [];
  const isPublic = (address: string) => !createNetworkList(NOT_PUBLIC[family]).has(address);
  const near = (plan.neighbours ?? []).filter((network) => {
    const address = network.replace(/\/.*/, "");
    return own(address) && isPublic(address);
  });
  const refused: Rule[] = plan.internet
    ? [...NOT_PUBLIC[family], ...near].map((network) => to(network, "refuse"))
    : [{ match: { kind: "any" }, verdict: "refuse" }];
  return {
    toHost: [
      ...answers,
      ...neighbours,
      ...resolvers,
      ...allowed,
      { match: { kind: "any" }, verdict: "refuse" },
    ],
    through: [...toProxy, ...answers, ...resolvers, ...allowed, ...refused],
    inwards: plan.callers === undefined ? [] : callerRules(plan.callers, family),
  };
}

function passTo({ address, length, port }: Destination): Rule[] {
  const network = `${address}/${length}`;
  if (port === undefined) return [to(network, "pass")];
  return (["tcp", "udp"] as const).map((protocol) => to(network, "pass", { protocol, port }));
}

function to(
  network: string,
  verdict: Rule["verdict"],
  narrower: { protocol?: "tcp" | "udp"; port?: number } = {},
): Rule {
  return { match: { kind: "to", network, ...narrower }, verdict };
}
