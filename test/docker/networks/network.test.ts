import { expect, test } from "bun:test";

import { OPEN, agentNetwork } from "../../../src/docker/networks/agent-networks.ts";
import type { DockerExec } from "../../../src/docker/exec.ts";
import { createNetworks } from "../../../src/docker/networks/network.ts";

const BRIDGE = {
  Name: "agents",
  Id: "0123456789abcdef",
  Driver: "bridge",
  EnableIPv6: false,
  Options: { "com.docker.network.bridge.enable_icc": "false" },
  IPAM: { Config: [{ Subnet: "172.20.0.0/16", Gateway: "172.20.0.1" }] },
};

/** The networks of an engine that has the one. */
function networks(inspected: object) {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only `run` is used
  const exec = { run: () => Promise.resolve(JSON.stringify([inspected])) } as unknown as DockerExec;
  return createNetworks(exec, "r1");
}

test("a network of before is used with the bridge that it has", async () => {
  expect(await networks(BRIDGE).ensure(agentNetwork("agents", "r1", OPEN))).toMatchObject({
    bridge: "br-0123456789ab",
    subnets: ["172.20.0.0/16"],
    gateways: ["172.20.0.1"],
  });
  const named = { ...BRIDGE.Options, "com.docker.network.bridge.name": "ours" };
  expect(await networks({ ...BRIDGE, Options: named }).find("agents")).toMatchObject({ bridge: "ours" });
});

test.each([
  ["its containers reach each other", { Options: {} }],
  ["its containers reach each other", { Options: null }],
  [
    "other hosts reach its containers by the option com.docker.network.bridge.gateway_mode_ipv4",
    { Options: { ...BRIDGE.Options, "com.docker.network.bridge.gateway_mode_ipv4": "nat-unprotected" } },
  ],
  [
    "other hosts reach its containers by the option com.docker.network.bridge.trusted_host_interfaces",
    { Options: { ...BRIDGE.Options, "com.docker.network.bridge.trusted_host_interfaces": "eth1" } },
  ],
  ["its driver is macvlan, not bridge", { Driver: "macvlan" }],
  ["it is another name of the network bridge", { Name: "bridge" }],
])("a network is refused with what to do: %s", async (why, changes) => {
  await expect(networks({ ...BRIDGE, ...changes }).find("agents")).rejects.toMatchObject({
    message: expect.stringMatching(new RegExp(`in the network agents: ${why}.*docker network rm agents`)),
    details: { reason: "network_refused" },
  });
});

test.each(["host", "none", "bridge", "default"])("%s is refused without a question", async (name) => {
  await expect(networks(BRIDGE).find(name)).rejects.toThrow("it is one of the engine's own");
});
