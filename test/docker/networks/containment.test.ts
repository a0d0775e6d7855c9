import { describe, expect, test } from "bun:test";

import { OPEN, agentNetwork, isAgentNetwork } from "../../../src/docker/networks/agent-networks.ts";
import { type ContainmentSettings, createContainment } from "../../../src/docker/networks/containment.ts";
import type { FirewallPlan } from "../../../src/docker/firewall/rules.ts";
import { parseDestination, showDestination } from "../../../src/lib/destinations.ts";
import { RunnerError } from "../../../src/lib/errors.ts";
import { createFakeClock } from "../../helpers/fake-clock.ts";

const NETWORK = agentNetwork("oken-agents", "r1", OPEN);
const SETTINGS: ContainmentSettings = {
  allowUncontained: false,
  firewallImage: undefined,
  resolvers: ["10.0.0.53"],
};
const CONTAINED = { state: "contained" } as const;

const noFirewall = () =>
  Promise.reject(
    new RunnerError("ENGINE_UNAVAILABLE", "iptables was not found", { details: { reason: "no_firewall" } }),
  );

/** A keeper on a host where `lo` stands for the bridge, with a firewall and canaries that the test moves. */
function keeper(settings: Partial<ContainmentSettings> = {}, network = NETWORK) {
  const clock = createFakeClock();
  const host = {
    bridge: "lo",
    held: [] as FirewallPlan[],
    hold: (): Promise<string[]> => Promise.resolve(["put"]),
    reached: undefined as string | undefined,
    probes: 0,
    unfiltered: undefined as string | undefined,
  };
  const facts = () => ({
    name: NETWORK.name,
    bridge: host.bridge,
    hasIPv6: false,
    subnets: ["172.20.0.0/16"],
    gateways: ["172.20.0.1"],
    flaw: undefined,
  });
  const parts = {
    clock,
    run: () => Promise.resolve(""),
    firewall: {
      hold: (plans: FirewallPlan[]) => {
        host.held.push(...plans);
        return host.hold();
      },
      lacks: () => Promise.resolve(undefined),
      tags: () => Promise.resolve([]),
      remove: () => Promise.resolve(),
    },
    unfiltered: async () => host.unfiltered,
    networks: { find: () => Promise.resolve(facts()), ensure: () => Promise.resolve(facts()) },
    canaries: {
      reached: () => {
        host.probes += 1;
        return Promise.resolve(host.reached);
      },
    },
  };
  return { host, clock, ...createContainment(parts, { ...SETTINGS, ...settings }, network) };
}

const quiet = () => Promise.resolve([]);

describe("before the first agent", () => {
  test("the rules are put in, and a container must fail to reach the host", async () => {
    const { host, admit, containment } = keeper();
    await admit("image");
    expect(host.held).toMatchObject([{ bridge: "lo", internet: true, resolvers: ["10.0.0.53"], allow: [] }]);
    expect(host.probes).toBe(1);
    expect(await containment()).toEqual(CONTAINED);
  });

  test("of many that start at once, one asks", async () => {
    const { host, admit } = keeper();
    await Promise.all([admit("image"), admit("image"), admit("image")]);
    expect({ held: host.held.length, probes: host.probes }).toEqual({ held: 1, probes: 1 });
  });

  test("the next one asks nothing", async () => {
    const { host, admit } = keeper();
    await admit("image");
    await admit("image");
    expect({ held: host.held.length, probes: host.probes }).toEqual({ held: 1, probes: 1 });
  });
});

test("where the rules are taken out while a container tries, they are put in again, and another one tries", async () => {
  const { host, admit, containment } = keeper();
  host.reached = "172.20.0.1 port 9";
  host.hold = () => {
    if (host.probes > 0) host.reached = undefined;
    return Promise.resolve(["put"]);
  };
  await admit("image");
  expect({ held: host.held.length, probes: host.probes }).toEqual({ held: 2, probes: 2 });
  expect(await containment()).toEqual({ ...CONTAINED, mended: true });
});

describe("no agent starts", () => {
  test("where a container reaches the host although the rules are in place", async () => {
    const { host, admit, contain } = keeper();
    host.reached = "172.20.0.1 port 9";
    await expect(admit("image")).rejects.toThrow(
      "No agent starts: A container in oken-agents reached the host at 172.20.0.1 port 9",
    );
    host.hold = quiet;
    expect(await contain()).toMatchObject({ state: "open" });
    host.reached = undefined;
    await admit("image");
    expect(await contain()).toEqual(CONTAINED);
  });

  test.each([
    ["there is no iptables", noFirewall, "iptables was not found"],
    [
      "the rules do not stay",
      () =>
        Promise.reject(
          new RunnerError("ENGINE_UNAVAILABLE", "INPUT does not begin with its rule", {
            details: { reason: "not_held" },
          }),
        ),
      "INPUT does not begin",
    ],
  ])("where %s", async (_, hold, why) => {
    const { host, admit, containment } = keeper();
    host.hold = hold;
    await expect(admit("image")).rejects.toMatchObject({
      code: "ENGINE_UNAVAILABLE",
      message: expect.stringContaining(why),
      details: { reason: "not_contained" },
    });
    expect(await containment()).toMatchObject({ state: "open", why: expect.stringContaining(why) });
  });

  test("where the bridge is on another host", async () => {
    const { host, admit } = keeper();
    host.bridge = "oken-nowhere";
    await expect(admit("image")).rejects.toThrow("the bridge oken-nowhere is not on this host");
    await expect(admit("image")).rejects.toThrow("OKEN_ALLOW_UNCONTAINED=yes");
  });
});

test("where a setting of the host lets agents reach each other past the rules, none starts until it is mended", async () => {
  const { host, admit, contain } = keeper();
  host.unfiltered = "net.bridge.bridge-nf-call-iptables";
  await expect(admit("image")).rejects.toThrow("sysctl -w net.bridge.bridge-nf-call-iptables=1");
  host.unfiltered = undefined;
  expect(await contain()).toMatchObject(CONTAINED);
  await admit("image");
});

test("agents are kept from each other by the network's own rules too, whatever its addresses are", async () => {
  const { host, admit } = keeper();
  await admit("image");
  expect(host.held).toMatchObject([{ neighbours: ["172.20.0.0/16"] }]);
});

test("what the operator no longer opens is shut for what was deployed with it", async () => {
  const allow = ["10.0.0.5:5432", "10.1.0.0/16", "10.2.0.9:80"];
  const network = agentNetwork("oken-agents", "r1", { mode: "internet", hosts: [], allow });
  const opened = ["10.0.0.5:22", "10.1.0.0/16", "10.2.0.0/16"].flatMap(
    (text) => parseDestination(text) ?? [],
  );
  const { host, admit } = keeper({ opened }, network);
  await admit("image");
  expect(host.held.map((plan) => plan.allow.map(showDestination))).toEqual([["10.1.0.0/16", "10.2.0.9:80"]]);
});

test("agents start again once the rules can be put in", async () => {
  const { host, admit, contain } = keeper();
  host.hold = noFirewall;
  await expect(admit("image")).rejects.toThrow("iptables was not found");
  host.hold = () => Promise.resolve(["put"]);
  expect(await contain()).toEqual(CONTAINED);
  await admit("image");
});

test("an operator may accept that nothing can be done, and no look delays a start", async () => {
  const { host, admit, containment } = keeper({ allowUncontained: true });
  host.hold = noFirewall;
  await admit("image");
  await admit("image");
  expect(host.held.length).toBe(1);
  expect(await containment()).toMatchObject({ state: "tolerated", why: expect.stringContaining("iptables") });
});

test("rules that had gone are said to be mended, and proved anew", async () => {
  const { host, admit, contain } = keeper();
  await admit("image");
  host.hold = quiet;
  expect(await contain()).toEqual(CONTAINED);
  host.hold = () => Promise.resolve(["put"]);
  expect(await contain()).toEqual({ ...CONTAINED, mended: true });
  expect(host.probes).toBe(2);
});

test("the host is tried anew once the engine or the network is another one", async () => {
  const { host, admit, contain, doubt } = keeper();
  host.hold = quiet;
  await contain();
  expect(host.probes).toBe(0);
  await admit("image");
  await contain();
  expect(host.probes).toBe(1);
  doubt();
  await contain();
  expect(host.probes).toBe(2);
});

test("a proof is repeated after some minutes, and one that fails then stops new starts", async () => {
  const { host, clock, admit, contain } = keeper();
  await admit("image");
  host.hold = quiet;
  await clock.advance(301_000);
  host.reached = "172.20.0.1 port 9";
  expect(await contain()).toMatchObject({ state: "open" });
  await expect(admit("image")).rejects.toThrow("No agent starts");
});

test("an engine that does not answer changes nothing of what is known", async () => {
  const { host, admit, contain, containment } = keeper();
  await admit("image");
  host.hold = () => Promise.reject(new RunnerError("ENGINE_UNAVAILABLE", "The engine does not answer."));
  await expect(contain()).rejects.toThrow("does not answer");
  expect(await containment()).toEqual(CONTAINED);
});

test("agents that reach the same share a network, and the others have one of their runner's own", () => {
  const none = agentNetwork("n", "r1", { mode: "none", hosts: [], allow: [] });
  const database = agentNetwork("n", "r1", { mode: "internet", hosts: [], allow: ["10.0.0.5:5432"] });
  expect(agentNetwork("n", "r1", OPEN)).toMatchObject({ name: "n", internet: true, internal: false });
  expect(none).toMatchObject({ internet: false, internal: true });
  expect(database).toMatchObject({ internet: true, internal: false });
  expect(agentNetwork("n", "r1", { mode: "none", hosts: [], allow: ["10.0.0.5:5432"] }).internal).toBe(false);
  expect(agentNetwork("n", "r2", { mode: "none", hosts: [], allow: [] }).name).not.toBe(none.name);
  expect(["n", none.name, database.name].map((name) => isAgentNetwork("n", name))).toEqual([
    true,
    true,
    true,
  ]);
  expect(["other", "n-staging", `n-staging-${none.name}`].map((name) => isAgentNetwork("n", name))).toEqual([
    false,
    false,
    false,
  ]);
});
