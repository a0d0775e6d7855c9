import type { Command } from "./iptables.ts";
import type { Rule } from "./rule.ts";
import { type FirewallPlan, TAG_PREFIX, ruleSet } from "./rules.ts";

/**
 * Before the engine's own rules and those of others, which have priority 0. A packet that one chain refuses is lost,
 * whatever the others say; one that it accepts goes on to them.
 */
const PRIORITY = -10;

export function nftListCommand(tag: string): Command {
  return { program: "nft", args: ["list", "table", "inet", tag] };
}

export const NFT_TABLES: Command = { program: "nft", args: ["list", "tables", "inet"] };

/** Runs its input in one step. */
export function nftCommand(input: string): Command {
  return { program: "nft", args: ["-f", "-"], input };
}

/** Makes the plan's table anew. */
export function nftPutIn(plan: FirewallPlan): string {
  const { tag, bridge } = plan;
  const [four, six] = [ruleSet(plan, 4), ruleSet(plan, 6)];
  const chain = (name: string, hook: string, rules: string[], way = "iifname") => [
    `  chain ${name} {`,
    `    type filter hook ${hook} priority ${PRIORITY}; policy accept;`,
    ...rules.map((rule) => `    ${way} "${bridge}" ${rule}`),
    "  }",
  ];
  const inwards = both(four.inwards, six.inwards);
  return [
    // A table must exist to be removed.
    `table inet ${tag}`,
    `delete table inet ${tag}`,
    `table inet ${tag} {`,
    ...chain("to-host", "input", both(four.toHost, six.toHost)),
    ...chain("through", "forward", both(four.through, six.through)),
    ...(inwards.length === 0 ? [] : chain("inwards", "forward", inwards, "oifname")),
    "}",
    "",
  ].join("\n");
}

export function nftTakeOut(tags: string[]): string {
  return tags.map((tag) => `delete table inet ${tag}\n`).join("");
}

export function nftTags(listing: string): string[] {
  const found = listing.matchAll(new RegExp(`^table inet (${TAG_PREFIX}[0-9a-f]{10})$`, "gm"));
  return [...found].flatMap(([, tag]) => tag ?? []);
}

function both(four: Rule[], six: Rule[]): string[] {
  return [
    ...four.map((rule) => `meta nfproto ipv4 ${text(rule, "ip", "icmp")}`),
    ...six.map((rule) => `meta nfproto ipv6 ${text(rule, "ip6", "ipv6-icmp")}`),
  ];
}

function text({ match, verdict }: Rule, family: "ip" | "ip6", icmp: string): string {
  const end = verdict === "refuse" ? "reject with icmpx type admin-prohibited" : "accept";
  switch (match.kind) {
    case "established":
      return `ct state established ${end}`;
    case "related-icmp":
      return `meta l4proto ${icmp} ct state related ${end}`;
    case "neighbours":
      return `icmpv6 type ${match.type} ${end}`;
    case "to": {
      const port = match.protocol === undefined ? "" : `${match.protocol} dport ${match.port} `;
      return `${family} daddr ${match.network} ${port}${end}`;
    }
    case "from":
      return `${family} saddr ${match.network} ${end}`;
    case "published": {
      if (match.ports === undefined) return `ct status dnat ${end}`;
      return `meta l4proto tcp ct status dnat ct original proto-dst ${match.ports.join("-")} ${end}`;
    }
    case "any":
  }
  return end;
}
