import { expect, test } from "bun:test";

import { nftPutIn, nftTags, nftTakeOut } from "../../../src/docker/firewall/nftables.ts";
import { tagOf } from "../../../src/docker/firewall/rules.ts";

const TAG = tagOf("oken-agents");
const PLAN = {
  tag: TAG,
  bridge: TAG,
  hasIPv6: false,
  internet: false,
  resolvers: ["10.0.0.53"],
  allow: [{ address: "10.1.0.0", length: 16, port: undefined }],
};

test("a table of its own comes before the engine's rules, and is made anew in one step", () => {
  expect(nftPutIn(PLAN).split("\n")).toEqual([
    `table inet ${TAG}`,
    `delete table inet ${TAG}`,
    `table inet ${TAG} {`,
    "  chain to-host {",
    "    type filter hook input priority -10; policy accept;",
    `    iifname "${TAG}" meta nfproto ipv4 ct state established accept`,
    `    iifname "${TAG}" meta nfproto ipv4 meta l4proto icmp ct state related accept`,
    `    iifname "${TAG}" meta nfproto ipv4 ip daddr 10.0.0.53/32 udp dport 53 accept`,
    `    iifname "${TAG}" meta nfproto ipv4 ip daddr 10.0.0.53/32 tcp dport 53 accept`,
    `    iifname "${TAG}" meta nfproto ipv4 ip daddr 10.1.0.0/16 accept`,
    `    iifname "${TAG}" meta nfproto ipv4 reject with icmpx type admin-prohibited`,
    `    iifname "${TAG}" meta nfproto ipv6 ct state established accept`,
    `    iifname "${TAG}" meta nfproto ipv6 meta l4proto ipv6-icmp ct state related accept`,
    `    iifname "${TAG}" meta nfproto ipv6 icmpv6 type 135 accept`,
    `    iifname "${TAG}" meta nfproto ipv6 icmpv6 type 136 accept`,
    `    iifname "${TAG}" meta nfproto ipv6 reject with icmpx type admin-prohibited`,
    "  }",
    "  chain through {",
    "    type filter hook forward priority -10; policy accept;",
    `    iifname "${TAG}" meta nfproto ipv4 ct state established accept`,
    `    iifname "${TAG}" meta nfproto ipv4 meta l4proto icmp ct state related accept`,
    `    iifname "${TAG}" meta nfproto ipv4 ip daddr 10.0.0.53/32 udp dport 53 accept`,
    `    iifname "${TAG}" meta nfproto ipv4 ip daddr 10.0.0.53/32 tcp dport 53 accept`,
    `    iifname "${TAG}" meta nfproto ipv4 ip daddr 10.1.0.0/16 accept`,
    `    iifname "${TAG}" meta nfproto ipv4 reject with icmpx type admin-prohibited`,
    `    iifname "${TAG}" meta nfproto ipv6 ct state established accept`,
    `    iifname "${TAG}" meta nfproto ipv6 meta l4proto ipv6-icmp ct state related accept`,
    `    iifname "${TAG}" meta nfproto ipv6 reject with icmpx type admin-prohibited`,
    "  }",
    "}",
    "",
  ]);
});

test("only tables of ours are found and removed", () => {
  expect(nftTags(`table inet filter\ntable inet ${TAG}\ntable inet oken-notes\n`)).toEqual([TAG]);
  expect(nftTakeOut([TAG])).toBe(`delete table inet ${TAG}\n`);
});

test("ports that the engine has chosen are open to callers alone", () => {
  const callers = { from: ["10.0.0.11"], ports: [32768, 60999] as const };
  const lines = nftPutIn({ ...PLAN, callers }).split("\n");
  expect(lines.filter((line) => line.includes("oifname") && line.includes("ipv4"))).toEqual([
    `    oifname "${TAG}" meta nfproto ipv4 ct state established accept`,
    `    oifname "${TAG}" meta nfproto ipv4 meta l4proto icmp ct state related accept`,
    `    oifname "${TAG}" meta nfproto ipv4 ip saddr 10.0.0.11/32 accept`,
    `    oifname "${TAG}" meta nfproto ipv4 meta l4proto tcp ct status dnat ct original proto-dst 32768-60999 reject with icmpx type admin-prohibited`,
    `    oifname "${TAG}" meta nfproto ipv4 ct status dnat accept`,
    `    oifname "${TAG}" meta nfproto ipv4 reject with icmpx type admin-prohibited`,
  ]);
});
