import { describe, expect, test } from "bun:test";

import {
  lacking,
  listCommand,
  misplaced,
  putIn,
  restoreCommand,
  rulesIn,
  tagsIn,
  takeOut,
} from "../../../src/docker/firewall/iptables.ts";
import { type FirewallPlan, tagOf } from "../../../src/docker/firewall/rules.ts";

const TAG = tagOf("oken-agents");
const OTHER = tagOf("oken-other");
const PLAN: FirewallPlan = {
  tag: TAG,
  bridge: TAG,
  hasIPv6: false,
  internet: true,
  resolvers: ["10.0.0.53", "fd00::53"],
  allow: [
    { address: "10.0.0.5", length: 32, port: 5432 },
    { address: "fd00:1::", length: 48, port: undefined },
  ],
};
const NONE: FirewallPlan = { ...PLAN, internet: false, resolvers: [], allow: [] };

const REFUSE = "-j REJECT --reject-with icmp-admin-prohibited";
const REFUSE_6 = "-j REJECT --reject-with icmp6-adm-prohibited";

/** A host's listing with Docker's chains, and `rules` in front of what is in each of the named chains. */
function listing(
  rules: { input?: string[]; user?: string[]; forward?: string[]; chains?: string[] } = {},
): string {
  const { input = [], user = [], forward = ["-A FORWARD -j DOCKER-USER"], chains = [] } = rules;
  return [
    ...["-P INPUT ACCEPT", "-P FORWARD DROP", "-P OUTPUT ACCEPT", "-N DOCKER-USER"],
    ...chains.map((chain) => `-N ${chain}`),
    ...input,
    "-A INPUT -i lo -j ACCEPT",
    ...forward,
    "-A FORWARD -o docker0 -j DOCKER",
    ...user,
    "-A DOCKER-USER -j RETURN",
    "",
  ].join("\n");
}

const jumps = (tag: string) => ({
  input: [`-A INPUT -i ${tag} -j ${tag}-in`],
  user: [`-A DOCKER-USER -i ${tag} -j ${tag}-fw`],
  chains: [`${tag}-in`, `${tag}-fw`],
});

test("everything is put in with one command that leaves the rest as it is, and waits for the lock", () => {
  expect(listCommand(4)).toEqual({ program: "iptables", args: ["-w", "10", "-S"] });
  expect(restoreCommand(6, "text")).toEqual({
    program: "ip6tables-restore",
    args: ["-w", "10", "--noflush"],
    input: "text",
  });
});

test("agents that may use the internet reach it, the resolver's port and what is opened, and nothing else", () => {
  expect(putIn(PLAN, 4, listing()).split("\n")).toEqual([
    "*filter",
    `:${TAG}-in - [0:0]`,
    `:${TAG}-fw - [0:0]`,
    `-A ${TAG}-in -m conntrack --ctstate ESTABLISHED -j RETURN`,
    `-A ${TAG}-in -p icmp -m conntrack --ctstate RELATED -j RETURN`,
    `-A ${TAG}-in -d 10.0.0.53/32 -p udp -m udp --dport 53 -j RETURN`,
    `-A ${TAG}-in -d 10.0.0.53/32 -p tcp -m tcp --dport 53 -j RETURN`,
    `-A ${TAG}-in -d 10.0.0.5/32 -p tcp -m tcp --dport 5432 -j RETURN`,
    `-A ${TAG}-in -d 10.0.0.5/32 -p udp -m udp --dport 5432 -j RETURN`,
    `-A ${TAG}-in ${REFUSE}`,
    `-A ${TAG}-fw -m conntrack --ctstate ESTABLISHED -j RETURN`,
    `-A ${TAG}-fw -p icmp -m conntrack --ctstate RELATED -j RETURN`,
    `-A ${TAG}-fw -d 10.0.0.53/32 -p udp -m udp --dport 53 -j RETURN`,
    `-A ${TAG}-fw -d 10.0.0.53/32 -p tcp -m tcp --dport 53 -j RETURN`,
    `-A ${TAG}-fw -d 10.0.0.5/32 -p tcp -m tcp --dport 5432 -j RETURN`,
    `-A ${TAG}-fw -d 10.0.0.5/32 -p udp -m udp --dport 5432 -j RETURN`,
    `-A ${TAG}-fw -d 0.0.0.0/8 ${REFUSE}`,
    `-A ${TAG}-fw -d 10.0.0.0/8 ${REFUSE}`,
    `-A ${TAG}-fw -d 100.64.0.0/10 ${REFUSE}`,
    `-A ${TAG}-fw -d 127.0.0.0/8 ${REFUSE}`,
    `-A ${TAG}-fw -d 168.63.129.16/32 ${REFUSE}`,
    `-A ${TAG}-fw -d 169.254.0.0/16 ${REFUSE}`,
    `-A ${TAG}-fw -d 172.16.0.0/12 ${REFUSE}`,
    `-A ${TAG}-fw -d 192.0.0.0/24 ${REFUSE}`,
    `-A ${TAG}-fw -d 192.168.0.0/16 ${REFUSE}`,
    `-A ${TAG}-fw -d 198.18.0.0/15 ${REFUSE}`,
    `-A ${TAG}-fw -d 224.0.0.0/4 ${REFUSE}`,
    `-A ${TAG}-fw -d 240.0.0.0/4 ${REFUSE}`,
    `-I INPUT 1 -i ${TAG} -j ${TAG}-in`,
    `-I DOCKER-USER 1 -i ${TAG} -j ${TAG}-fw`,
    "COMMIT",
    "",
  ]);
});

test("the same holds for IPv6, where neighbours must find each other", () => {
  const lines = putIn(PLAN, 6, listing()).split("\n");
  expect(lines.filter((line) => line.startsWith(`-A ${TAG}-in`))).toEqual([
    `-A ${TAG}-in -m conntrack --ctstate ESTABLISHED -j RETURN`,
    `-A ${TAG}-in -p ipv6-icmp -m conntrack --ctstate RELATED -j RETURN`,
    `-A ${TAG}-in -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j RETURN`,
    `-A ${TAG}-in -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j RETURN`,
    `-A ${TAG}-in -d fd00::53/128 -p udp -m udp --dport 53 -j RETURN`,
    `-A ${TAG}-in -d fd00::53/128 -p tcp -m tcp --dport 53 -j RETURN`,
    `-A ${TAG}-in -d fd00:1::/48 -j RETURN`,
    `-A ${TAG}-in ${REFUSE_6}`,
  ]);
  expect(lines.filter((line) => line.endsWith(REFUSE_6)).length).toBe(12);
});

test("agents that may use nothing reach nothing", () => {
  const lines = putIn(NONE, 4, listing()).split("\n");
  expect(lines.filter((line) => line.startsWith(`-A ${TAG}-fw`))).toEqual([
    `-A ${TAG}-fw -m conntrack --ctstate ESTABLISHED -j RETURN`,
    `-A ${TAG}-fw -p icmp -m conntrack --ctstate RELATED -j RETURN`,
    `-A ${TAG}-fw ${REFUSE}`,
  ]);
});

test("the only neighbour that agents of named hosts reach is their proxy", () => {
  const proxy = { address: "172.20.0.9", port: 3128 };
  const lines = putIn({ ...NONE, proxy }, 4, listing()).split("\n");
  expect(lines.filter((line) => line.endsWith("ACCEPT"))).toEqual([
    `-A ${TAG}-fw -d 172.20.0.9/32 -p tcp -m tcp --dport 3128 -j ACCEPT`,
    `-A ${TAG}-fw -m conntrack --ctstate ESTABLISHED -j ACCEPT`,
  ]);
});

test("jumps that are there already are replaced, and those of other networks stay", () => {
  const now = listing({
    input: ["-A INPUT -j LOGGING", ...jumps(TAG).input, ...jumps(OTHER).input],
    user: jumps(TAG).user,
  });
  const lines = putIn(PLAN, 4, now).split("\n");
  expect(lines.filter((line) => line.startsWith("-D "))).toEqual([
    `-D INPUT -i ${TAG} -j ${TAG}-in`,
    `-D DOCKER-USER -i ${TAG} -j ${TAG}-fw`,
  ]);
});

test("without a chain of the engine's for others, the jump is in FORWARD itself", () => {
  expect(putIn(PLAN, 4, "-P INPUT ACCEPT\n-P FORWARD ACCEPT\n")).toContain(
    `\n-I FORWARD 1 -i ${TAG} -j ${TAG}-fw\n`,
  );
});

test("no rule of the put-in matches another bridge", () => {
  const others = putIn({ ...PLAN, proxy: { address: "172.20.0.9", port: 1 } }, 4, listing())
    .split("\n")
    .filter(
      (line) => /^-[ADI] /.test(line) && !line.startsWith(`-A ${TAG}-`) && !line.includes(` -i ${TAG} `),
    );
  expect(others).toEqual([]);
});

describe("a listing tells", () => {
  test("the networks that have rules", () => {
    expect(
      tagsIn(listing({ chains: [...jumps(TAG).chains, ...jumps(OTHER).chains, "oken-ours", "ufw-in"] })),
    ).toEqual([TAG, OTHER]);
  });

  test("nothing new when rules of others come and go", () => {
    const own = { ...jumps(TAG), chains: jumps(TAG).chains };
    const both = {
      ...own,
      input: [...jumps(OTHER).input, ...own.input],
      chains: [...jumps(OTHER).chains, ...own.chains],
    };
    expect(rulesIn(listing(both), TAG)).toBe(rulesIn(listing(own), TAG));
    expect(rulesIn(listing({ ...own, input: [] }), TAG)).not.toBe(rulesIn(listing(own), TAG));
  });

  test.each([
    ["its jumps are first", jumps(TAG), undefined],
    [
      "its jumps come after those of other networks",
      { ...jumps(TAG), input: [...jumps(OTHER).input, ...jumps(TAG).input] },
      undefined,
    ],
    ["it has no jump", {}, "INPUT does not begin with its rule"],
    [
      "somebody accepts first",
      { ...jumps(TAG), input: ["-A INPUT -j ufw-before-input", ...jumps(TAG).input] },
      "INPUT does not begin with its rule",
    ],
    [
      "somebody returns first",
      { ...jumps(TAG), user: ["-A DOCKER-USER -i eth0 -j RETURN", ...jumps(TAG).user] },
      "DOCKER-USER does not begin with its rule",
    ],
    [
      "somebody forwards before the engine's chain",
      { ...jumps(TAG), forward: ["-A FORWARD -j ACCEPT", "-A FORWARD -j DOCKER-USER"] },
      "FORWARD does not begin with DOCKER-USER",
    ],
  ])("whether others decide before: %s", (_, rules, flaw) => {
    expect(misplaced(listing(rules), { tag: TAG, bridge: TAG })).toBe(flaw);
  });
});

test("rules of networks that are gone are taken out with their chains, and no others", () => {
  const now = listing({
    input: [...jumps(TAG).input, ...jumps(OTHER).input],
    user: jumps(TAG).user,
    chains: [...jumps(TAG).chains, ...jumps(OTHER).chains],
  });
  expect(takeOut([TAG], now)?.split("\n")).toEqual([
    "*filter",
    `-D INPUT -i ${TAG} -j ${TAG}-in`,
    `-D DOCKER-USER -i ${TAG} -j ${TAG}-fw`,
    `-F ${TAG}-in`,
    `-F ${TAG}-fw`,
    `-X ${TAG}-in`,
    `-X ${TAG}-fw`,
    "COMMIT",
    "",
  ]);
  expect(takeOut([tagOf("nobody")], now)).toBeUndefined();
});

test("what a plan's rules lack is told by the first rule that refuses and is not there", () => {
  const put = putIn(PLAN, 4, listing())
    .split("\n")
    .filter((line) => line.startsWith(`-A ${TAG}-`));
  const there = listing({
    ...jumps(TAG),
    chains: jumps(TAG).chains,
    forward: ["-A FORWARD -j DOCKER-USER", ...put],
  });
  expect(lacking(PLAN, 4, there)).toBeUndefined();
  expect(lacking(PLAN, 4, there.replace(`-A ${TAG}-fw -d 10.0.0.0/8 ${REFUSE}\n`, ""))).toBe(
    `iptables has no -A ${TAG}-fw -d 10.0.0.0/8 ${REFUSE}`,
  );
  expect(lacking(PLAN, 4, there.replace(`-A INPUT -i ${TAG} -j ${TAG}-in\n`, ""))).toBe(
    "INPUT does not begin with its rule",
  );
});

test("networks of the host are refused too where their addresses are of the internet", () => {
  const neighbours = ["203.0.113.0/24", "10.0.0.0/16", "2001:db8::/64"];
  const near = putIn({ ...PLAN, neighbours }, 4, listing());
  expect(near).toContain(`-A ${TAG}-fw -d 203.0.113.0/24 ${REFUSE}\n`);
  expect(near).not.toContain("2001:db8::/64");
  expect(near).not.toContain("10.0.0.0/16");
});

/** The listing of a host with a plan's rules. */
function put(plan: FirewallPlan): string {
  const rules = putIn(plan, 4, listing())
    .split("\n")
    .filter((line) => line.startsWith(`-A ${TAG}-`));
  const own = jumps(TAG);
  const user = [`-A DOCKER-USER -o ${TAG} -j ${TAG}-to`, ...own.user];
  return listing({ ...own, user, chains: [...own.chains, `${TAG}-to`], input: [...own.input, ...rules] });
}

describe("of published ports those that the engine has chosen", () => {
  const called: FirewallPlan = {
    ...NONE,
    callers: { from: ["10.0.0.11", "fd00::11"], ports: [32768, 60999] },
  };
  const inwards = (family: 4 | 6) =>
    putIn(called, family, listing())
      .split("\n")
      .filter((line) => line.includes(`${TAG}-to`));

  test("are open to callers alone, whom others do not get past, and all others to everybody", () => {
    expect(inwards(4)).toEqual([
      `:${TAG}-to - [0:0]`,
      `-A ${TAG}-to -m conntrack --ctstate ESTABLISHED -j RETURN`,
      `-A ${TAG}-to -p icmp -m conntrack --ctstate RELATED -j RETURN`,
      `-A ${TAG}-to -s 10.0.0.11/32 -j RETURN`,
      `-A ${TAG}-to -p tcp -m conntrack --ctstate DNAT --ctorigdstport 32768:60999 ${REFUSE}`,
      `-A ${TAG}-to -m conntrack --ctstate DNAT -j RETURN`,
      `-A ${TAG}-to ${REFUSE}`,
      `-I DOCKER-USER 1 -o ${TAG} -j ${TAG}-to`,
    ]);
    expect(inwards(6)).toContain(`-A ${TAG}-to -s fd00::11/128 -j RETURN`);
  });

  test("are missed where their rules, or one for a caller, are not there", () => {
    expect(lacking(called, 4, put(called))).toBeUndefined();
    const more = { ...called, callers: { from: ["10.0.0.11", "10.0.0.12"], ports: [32768, 60999] as const } };
    expect(lacking(more, 4, put(called))).toBe(`iptables has no -A ${TAG}-to -s 10.0.0.12/32 -j RETURN`);
    const { callers: _, ...before } = called;
    expect(lacking(called, 4, put(before))).toBe(`iptables has no -A ${TAG}-to -s 10.0.0.11/32 -j RETURN`);
    const later = put(called).replace(`-A DOCKER-USER -o ${TAG} -j ${TAG}-to\n`, "");
    expect(lacking(called, 4, later)).toBe("DOCKER-USER does not begin with its rule for callers");
  });

  test("are open again once the rules are taken out", () => {
    const text = takeOut([TAG], put(called));
    expect(text).toContain(`-D DOCKER-USER -o ${TAG} -j ${TAG}-to\n`);
    expect(text).toContain(`-X ${TAG}-to\n`);
  });
});
