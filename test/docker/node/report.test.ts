import { expect, test } from "bun:test";

import { nodeReportOf } from "../../../src/docker/node/report.ts";

const SWARM = {
  LocalNodeState: "active",
  NodeAddr: "10.0.0.11",
  ControlAvailable: true,
  Managers: 3,
  RemoteManagers: [{ NodeID: "a", Addr: "10.0.0.11:2377" }],
  Cluster: { Spec: { Dispatcher: { HeartbeatPeriod: 1_000_000_000 } } },
};
const BRIDGE = {
  "com.docker.network.bridge.enable_icc": "false",
  "com.docker.network.bridge.host_binding_ipv4": "10.0.0.11",
};

const infoOf = (swarm: object) =>
  JSON.stringify({
    swarm,
    security: ["name=seccomp,profile=builtin", "name=no-new-privileges"],
    liveRestore: false,
  });

test("a manager says what agents of its swarm depend on", () => {
  const told = { info: infoOf(SWARM), bridge: JSON.stringify(BRIDGE), daemon: '{"userland-proxy": false}' };
  expect(nodeReportOf(told)).toEqual({
    ...{ swarm: "active", address: "10.0.0.11", isManager: true, managers: 3, heartbeatMs: 1_000 },
    ...{
      publishesAt: "10.0.0.11",
      icc: false,
      noNewPrivileges: true,
      userlandProxy: false,
      liveRestore: false,
    },
  });
});

test("a worker knows of no heartbeat, and counts the managers that it speaks to", () => {
  const { Cluster: _, Managers: __, ...worker } = SWARM;
  const told = { info: infoOf({ ...worker, ControlAvailable: false }), bridge: "{}", daemon: undefined };
  expect(nodeReportOf(told)).toMatchObject({ managers: 1, heartbeatMs: undefined, userlandProxy: undefined });
});

test("what an engine does not say is its default", () => {
  const told = { info: infoOf(SWARM), bridge: "{}", daemon: "{}" };
  expect(nodeReportOf(told)).toMatchObject({ publishesAt: "0.0.0.0", icc: true, userlandProxy: true });
});
