import { describe, expect, test } from "bun:test";

import { type Firewall, createIptables } from "../../src/docker/firewall/firewall.ts";
import { type FirewallPlan, tagOf } from "../../src/docker/firewall/rules.ts";
import { guardRoutes, sweepRoutes } from "../../src/docker/firewall/routes.ts";
import { firewalledHost } from "../helpers/firewalled-host.ts";
import { canMakeNetworks } from "../helpers/outside.ts";

function plan(network: string, changes: Partial<FirewallPlan> = {}): FirewallPlan {
  const tag = tagOf(network);
  return { tag, bridge: tag, hasIPv6: false, internet: true, resolvers: [], allow: [], ...changes };
}

/** A second look finds all in place. */
async function expectHeld(firewall: Firewall, plans: FirewallPlan[]): Promise<void> {
  expect(await firewall.hold(plans)).toEqual([]);
}

describe.if(canMakeNetworks)("the rules of networks in a real firewall", () => {
  test("are put in once, and are found in place after that", async () => {
    await using it = await firewalledHost();
    const firewall = createIptables(it.run);
    const [one, two] = [plan("one"), plan("two", { internet: false })];
    expect(await firewall.hold([one, two])).toEqual([one.tag, two.tag]);
    await expectHeld(firewall, [one, two]);
    expect(await firewall.tags()).toEqual([one.tag, two.tag].toSorted());
  });

  test("are put in anew, first of all, whatever became of them", async () => {
    await using it = await firewalledHost();
    const firewall = createIptables(it.run);
    const one = plan("one");
    await firewall.hold([one]);
    const damages = [
      ["-F", "INPUT"],
      ["-F", "DOCKER-USER"],
      ["-F"],
      ["-D", `${one.tag}-in`, "1"],
      ["-I", `${one.tag}-fw`, "1", "-j", "ACCEPT"],
      ["-I", "INPUT", "1", "-j", "ACCEPT"],
      ["-I", "DOCKER-USER", "1", "-s", "10.0.0.0/8", "-j", "ACCEPT"],
    ];
    for (const damage of damages) {
      await it.iptables(...damage);
      if (damage.length === 1) await it.iptables("-A", "FORWARD", "-j", "DOCKER-USER");
      expect([damage, await firewall.hold([one])]).toEqual([damage, [one.tag]]);
      await expectHeld(firewall, [one]);
    }
  });

  test("follow a plan that changes", async () => {
    await using it = await firewalledHost();
    const firewall = createIptables(it.run);
    await firewall.hold([plan("one")]);
    const changed = plan("one", { resolvers: ["10.0.0.53"] });
    expect(await firewall.hold([changed])).toEqual([changed.tag]);
    expect(await it.iptables("-S")).toContain("-d 10.0.0.53/32 -p udp -m udp --dport 53 -j RETURN");
  });

  test("that keep others than callers from published ports are found by whoever looks, and go with the others", async () => {
    await using it = await firewalledHost();
    const before = await it.iptables("-S");
    const callers = { from: ["10.0.0.11", "fd00::11"], ports: [32768, 60999] as const };
    const one = plan("one", { callers });
    expect(await createIptables(it.run).hold([one])).toEqual([one.tag]);
    const other = createIptables(it.run);
    expect(await other.lacks(one)).toBeUndefined();
    const more = { ...one, callers: { ...callers, from: [...callers.from, "10.0.0.12"] } };
    expect(await other.lacks(more)).toContain("-s 10.0.0.12/32 -j RETURN");
    await other.remove([one.tag]);
    expect(await it.iptables("-S")).toBe(before);
  });

  test("where others stand in front of the engine's chain are not said to hold", async () => {
    await using it = await firewalledHost();
    await it.iptables("-I", "FORWARD", "1", "-j", "ACCEPT");
    await expect(createIptables(it.run).hold([plan("one")])).rejects.toThrow(
      "FORWARD does not begin with DOCKER-USER",
    );
  });

  test("of several runners do not harm each other, in one network or in several", async () => {
    await using it = await firewalledHost();
    const runners = [1, 2, 3].map((number) => ({
      firewall: createIptables(it.run),
      plans: [plan("shared"), plan(`own ${number}`)],
    }));
    await Promise.all(runners.map(({ firewall, plans }) => firewall.hold(plans)));
    for (const { firewall, plans } of runners) await expectHeld(firewall, plans);
    const [first, ...others] = runners;
    await first?.firewall.remove([tagOf("own 1")]);
    for (const { firewall, plans } of others) await expectHeld(firewall, plans);
    expect(await it.iptables("-S")).not.toContain(tagOf("own 1"));
  });

  test("leave nothing when they are removed, and nothing of others goes with them", async () => {
    await using it = await firewalledHost();
    const firewall = createIptables(it.run);
    const before = await it.iptables("-S");
    await firewall.hold([plan("one"), plan("two")]);
    await firewall.remove([tagOf("one"), tagOf("two"), tagOf("nobody")]);
    expect(await it.iptables("-S")).toBe(before);
    expect(await firewall.tags()).toEqual([]);
  });

  test("a network whose bridge is gone is reached by no other way, until nobody has it", async () => {
    await using it = await firewalledHost();
    const ip = (...args: string[]) => it.run({ program: "ip", args });
    await ip("link", "set", "lo", "up");
    await ip("link", "add", "out", "type", "veth", "peer", "name", "far");
    await ip("address", "add", "198.51.100.2/24", "dev", "out");
    for (const end of ["out", "far"]) await ip("link", "set", end, "up");
    await ip("route", "add", "default", "via", "198.51.100.1");
    await guardRoutes(it.run, ["172.20.0.0/16"]);
    await expect(ip("route", "get", "172.20.0.5")).rejects.toThrow("No route to host");
    await sweepRoutes(it.run, ["172.20.0.0/16"]);
    await expect(ip("route", "get", "172.20.0.5")).rejects.toThrow("No route to host");
    await sweepRoutes(it.run, []);
    expect(await ip("route", "get", "172.20.0.5")).toContain("via 198.51.100.1");
  });
});
