import { expect, test } from "bun:test";

import { findingOf, sentenceOf } from "../../src/checks/check.ts";
import { nodeChecks } from "../../src/checks/node.ts";
import type { NodeReport } from "../../src/model/node-report.ts";

const FIT: NodeReport = {
  swarm: "active",
  address: "10.0.0.11",
  isManager: true,
  managers: 1,
  heartbeatMs: 1_000,
  publishesAt: "10.0.0.11",
  icc: false,
  noNewPrivileges: true,
  userlandProxy: false,
  liveRestore: false,
};

/** The sentences of the checks that do not pass, by name. */
async function found(changes: Partial<NodeReport>, lacking?: string) {
  const checks = nodeChecks({
    report: () => Promise.resolve({ ...FIT, ...changes }),
    lacking: () => Promise.resolve(lacking),
  });
  const findings = await Promise.all(checks.map(findingOf));
  return Object.fromEntries(
    findings.filter(({ state }) => state !== "ok").map((finding) => [finding.name, sentenceOf(finding)]),
  );
}

test("nothing is found on a node that is fit for agents", async () => {
  expect(await found({})).toEqual({});
  expect(await found({ managers: 3 })).toEqual({});
});

test("of a node as the engine sets it up each flaw is told with what to do", async () => {
  const flaws = {
    publishesAt: "0.0.0.0",
    icc: true,
    noNewPrivileges: false,
    userlandProxy: true,
    liveRestore: true,
  };
  expect(await found({ ...flaws, heartbeatMs: 5_000 }, "iptables has no rule")).toEqual({
    "node-heartbeat":
      "The heartbeat is 5 s, so that a lost node is known after 15 s; set it with docker swarm update --dispatcher-heartbeat 1s.",
    "node-ports":
      'Ports of agents are published at every address of this host; set "ip": "10.0.0.11" in daemon.json, an address of a private network.',
    "node-icc": 'Agents on this host reach each other; set "icc": false in daemon.json.',
    "node-setuid":
      'A process may gain privileges by programs with the setuid bit; set "no-new-privileges": true in daemon.json: a service cannot say it.',
    "node-proxy":
      'Each published port has a process, which hides who calls; set "userland-proxy": false in daemon.json.',
    "node-restore":
      'live-restore is on, with which an engine cannot be in a swarm; take "live-restore" out of daemon.json.',
    "node-firewall":
      "The firewall does not keep agents from this host and its networks, or others from agents: iptables has no rule; oken-runner doctor --node --mend puts the rules in, and must do so after each restart of the host and when managers change, as oken-runner-node.timer has it do.",
  });
});

test("two managers are less safe than one", async () => {
  expect(await found({ managers: 2 })).toEqual({
    "node-managers":
      "There are 2 managers: the swarm stands still when one of them is lost, which is less safe than with one; have one or three, with docker node promote or demote.",
  });
});

test("a host that is in no swarm is told how it comes into one", async () => {
  expect(await found({ swarm: "inactive", address: "", managers: 0, heartbeatMs: undefined })).toMatchObject({
    "node-swarm":
      "This host is no node of a swarm; begin one with docker swarm init, or have it join with docker swarm join.",
  });
});

test("what a node cannot know is told with who does, or what to do", async () => {
  expect(await found({ managers: 0, heartbeatMs: undefined, userlandProxy: undefined })).toEqual({
    "node-managers":
      "Nobody says how many managers there are; look again once this host is in a swarm that has a leader.",
    "node-heartbeat":
      "The heartbeat is known to managers only; run oken-runner doctor --node on one of them.",
    "node-proxy":
      'There is no /etc/docker/daemon.json to read whether each port has a process; set "userland-proxy": false there, unless dockerd is told so in another way.',
  });
});
