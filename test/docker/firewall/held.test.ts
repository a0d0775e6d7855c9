import { expect, test } from "bun:test";

import { createIptables, createNftables } from "../../../src/docker/firewall/firewall.ts";
import type { Command } from "../../../src/docker/firewall/iptables.ts";
import { type FirewallPlan, tagOf } from "../../../src/docker/firewall/rules.ts";

const TAG = tagOf("bridge");
const PLAN: FirewallPlan = {
  ...{ tag: TAG, bridge: "docker0", hasIPv6: false, internet: true, resolvers: [], allow: [] },
  neighbours: ["198.51.100.0/24"],
};

/** A host whose firewall says what was put in last. */
function host() {
  const world = { rules: "", puts: 0 };
  return {
    world,
    run: async ({ program, input }: Command): Promise<string> => {
      if (program.startsWith("ip6")) throw new Error("no IPv6");
      if (input === undefined) return world.rules;
      world.puts += 1;
      const lines = input.split("\n").filter((line) => /^-[AI] /.test(line));
      const told = lines.map((line) => line.replace(/^-I (\S+) 1 /, "-A $1 "));
      return (world.rules = program === "nft" ? input : told.join("\n"));
    },
  };
}

test.each([
  ["iptables", createIptables],
  ["nftables", createNftables],
])(
  "with %s, networks that are refused anyway may come and go, and rules stay as they are",
  async (_, create) => {
    const { world, run } = host();
    const firewall = create(run);
    expect(await firewall.hold([PLAN])).toEqual([TAG]);
    // As that of the engine, which is seen while a container runs there.
    const more = { ...PLAN, neighbours: [...(PLAN.neighbours ?? []), "172.17.0.0/16"] };
    expect(await firewall.hold([more])).toEqual([]);
    expect(await firewall.hold([{ ...PLAN, neighbours: ["203.0.113.0/24"] }])).toEqual([TAG]);
    expect(world.puts).toBe(2);
  },
);

/** The same host, on which somebody else's rule is the first of all in so many listings. */
function busyHost(listings: number) {
  const { run } = host();
  let left = listings;
  return async (command: Command): Promise<string> => {
    const said = await run(command);
    if (command.input !== undefined || left === 0) return said;
    left -= 1;
    return `-A FORWARD -j THEIRS\n${said}`;
  };
}

test("rules are held on a host whose engine changes its own at the same time, and not where that has no end", async () => {
  expect(await createIptables(busyHost(8)).hold([PLAN])).toEqual([TAG]);
  await expect(createIptables(busyHost(Infinity)).hold([PLAN])).rejects.toThrow(
    "do not stay in place: FORWARD does not begin with its rule",
  );
});
