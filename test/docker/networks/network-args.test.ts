import { expect, test } from "bun:test";

import { networkCreateArgs } from "../../../src/docker/networks/network-args.ts";

const USUAL = {
  name: "oken-agents",
  policy: undefined,
  internet: true,
  internal: false,
  listed: false,
  allow: [],
};

test("agents on the same network cannot reach each other, and the bridge has a name of its own", () => {
  expect(networkCreateArgs(USUAL, "r1")).toEqual([
    "network",
    "create",
    "--driver",
    "bridge",
    "--opt",
    "com.docker.network.bridge.enable_icc=false",
    "--opt",
    "com.docker.network.bridge.name=oken-0831abf94e",
    "--label",
    "oken.managed=true",
    "--",
    "oken-agents",
  ]);
});

test("a network that reaches nothing has no route, and says whose it is", () => {
  const argv = networkCreateArgs({ ...USUAL, policy: "{}", internet: false, internal: true }, "r1");
  expect(argv).toContain("--internal");
  expect(argv.filter((arg) => arg.startsWith("oken."))).toEqual([
    "oken.managed=true",
    "oken.runner=r1",
    "oken.egress={}",
  ]);
});
