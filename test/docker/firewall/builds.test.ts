import { expect, test } from "bun:test";

import {
  type BuildPlan,
  areBuildsHeld,
  putInBuilds,
  takeOutBuilds,
} from "../../../src/docker/firewall/builds.ts";

const PLAN: BuildPlan = {
  runnerId: "r1",
  bridge: "docker0",
  exceptions: [
    { address: "10.0.0.7", length: 32, port: 443 },
    { address: "10.0.0.53", length: 32, port: 53 },
  ],
};
const OWN = "oken-builds-82f3e9c6";
const OTHER = "oken-builds-0a1b2c3d";
const AGENTS = "oken-0123456789";
const REFUSE = "-j REJECT --reject-with icmp-admin-prohibited";

const listing = (input: string[] = [], user: string[] = [], chains: string[] = []) =>
  [
    ...["-P INPUT ACCEPT", "-N DOCKER-USER"],
    ...chains.map((name) => `-N ${name}`),
    ...input,
    "-A FORWARD -j DOCKER-USER",
    ...user,
    "-A DOCKER-USER -j RETURN",
    "",
  ].join("\n");

test("builds reach the operator's indexes and resolvers, public addresses, and nothing else", () => {
  const lines = putInBuilds(PLAN, 4, listing()).split("\n");
  expect(lines.filter((line) => line.startsWith(`-A ${OWN} `))).toEqual([
    `-A ${OWN} -d 10.0.0.7/32 -p tcp -m tcp --dport 443 -j ACCEPT`,
    `-A ${OWN} -d 10.0.0.7/32 -p udp -m udp --dport 443 -j ACCEPT`,
    `-A ${OWN} -d 10.0.0.53/32 -p tcp -m tcp --dport 53 -j ACCEPT`,
    `-A ${OWN} -d 10.0.0.53/32 -p udp -m udp --dport 53 -j ACCEPT`,
  ]);
  expect(lines.filter((line) => line.startsWith("-A oken-builds-in "))).toEqual([
    "-A oken-builds-in -m conntrack --ctstate ESTABLISHED -j RETURN",
    "-A oken-builds-in -p icmp -m conntrack --ctstate RELATED -j RETURN",
    `-A oken-builds-in ${REFUSE}`,
  ]);
  expect(lines).toContain(`-A oken-builds-fw -d 169.254.0.0/16 ${REFUSE}`);
  expect(lines).not.toContain(`-A oken-builds-fw ${REFUSE}`);
});

test("the exceptions of every runner come before what is refused", () => {
  const now = listing(
    [`-A INPUT -i docker0 -j ${OTHER}`, "-A INPUT -i docker0 -j oken-builds-in"],
    [`-A DOCKER-USER -i docker0 -j ${OTHER}`, "-A DOCKER-USER -i docker0 -j oken-builds-fw"],
    ["oken-builds-in", "oken-builds-fw", OTHER],
  );
  const lines = putInBuilds(PLAN, 4, now)
    .split("\n")
    .filter((line) => /^-[DI] /.test(line));
  expect(lines).toEqual([
    `-D INPUT -i docker0 -j ${OTHER}`,
    "-D INPUT -i docker0 -j oken-builds-in",
    `-D DOCKER-USER -i docker0 -j ${OTHER}`,
    "-D DOCKER-USER -i docker0 -j oken-builds-fw",
    "-I INPUT 1 -i docker0 -j oken-builds-in",
    `-I INPUT 1 -i docker0 -j ${OTHER}`,
    `-I INPUT 1 -i docker0 -j ${OWN}`,
    "-I DOCKER-USER 1 -i docker0 -j oken-builds-fw",
    `-I DOCKER-USER 1 -i docker0 -j ${OTHER}`,
    `-I DOCKER-USER 1 -i docker0 -j ${OWN}`,
  ]);
});

test.each([
  ["its exceptions and those of others come first", [`-A INPUT -i docker0 -j ${OTHER}`], true],
  ["rules of agents come first", [`-A INPUT -i ${AGENTS} -j ${AGENTS}-in`], true],
  ["somebody accepts first", ["-A INPUT -i docker0 -j ACCEPT"], false],
])("whether they hold: %s", (_, before, held) => {
  const own = [`-A INPUT -i docker0 -j ${OWN}`, "-A INPUT -i docker0 -j oken-builds-in"];
  const user = [`-A DOCKER-USER -i docker0 -j ${OWN}`, "-A DOCKER-USER -i docker0 -j oken-builds-fw"];
  expect(areBuildsHeld(listing([...before, ...own], user), PLAN)).toBe(held);
  expect(areBuildsHeld(listing(own.toReversed(), user), PLAN)).toBe(false);
  expect(areBuildsHeld(listing(own), PLAN)).toBe(false);
});

test("a runner takes out its exceptions, and with the last of them the rest", () => {
  const input = [`-A INPUT -i docker0 -j ${OWN}`, "-A INPUT -i docker0 -j oken-builds-in"];
  const chains = ["oken-builds-in", "oken-builds-fw", OWN];
  expect(takeOutBuilds("r1", listing(input, [], [...chains, OTHER]))?.split("\n")).toEqual([
    "*filter",
    `-D INPUT -i docker0 -j ${OWN}`,
    `-F ${OWN}`,
    `-X ${OWN}`,
    "COMMIT",
    "",
  ]);
  expect(takeOutBuilds("r1", listing(input, [], chains))).toContain("-X oken-builds-in");
  expect(takeOutBuilds("r1", listing())).toBeUndefined();
});
