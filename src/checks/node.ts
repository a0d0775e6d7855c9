import type { NodeReport } from "../model/node-report.ts";
import type { Check, Result } from "./check.ts";

/** A node is lost after three of these, milliseconds; the engine's own period is 5 s. */
const HEARTBEAT_MS = 1_000;

export type NodeParts = {
  report: () => Promise<NodeReport>;
  /** What the firewall lacks that keeps agents from the node and its networks, and others from agents; undefined if nothing. */
  lacking: () => Promise<string | undefined>;
};

/** What a node of a swarm needs for agents to be as contained, and as soon elsewhere, as the runner promises. */
export function nodeChecks({ report, lacking }: NodeParts): Check[] {
  let asking: Promise<NodeReport> | undefined;
  const check = (name: string, judge: (report: NodeReport) => Result): Check => ({
    name,
    look: async () => judge(await (asking ??= report())),
  });
  return [
    check("node-swarm", judgeSwarm),
    check("node-managers", judgeManagers),
    check("node-heartbeat", judgeHeartbeat),
    check("node-ports", judgePorts),
    check("node-icc", judgeIcc),
    check("node-setuid", judgePrivileges),
    check("node-proxy", judgeProxy),
    check("node-restore", judgeRestore),
    {
      name: "node-firewall",
      async look() {
        const what = await lacking();
        if (what === undefined)
          return {
            state: "ok",
            found:
              "The firewall keeps agents from this host and its networks, and all but managers from agents",
          };
        return {
          state: "failed",
          found: `The firewall does not keep agents from this host and its networks, or others from agents: ${what}`,
          advice:
            "oken-runner doctor --node --mend puts the rules in, and must do so after each restart of the host and when managers change, as oken-runner-node.timer has it do",
        };
      },
    },
  ];
}

function judgeSwarm({ swarm, address }: NodeReport): Result {
  if (swarm === "active") return { state: "ok", found: `This host is a node of a swarm, at ${address}` };
  return {
    state: "failed",
    found: "This host is no node of a swarm",
    advice: "begin one with docker swarm init, or have it join with docker swarm join",
  };
}

function judgeManagers({ managers }: NodeReport): Result {
  if (managers === 0)
    return {
      state: "unknown",
      found: "Nobody says how many managers there are",
      advice: "look again once this host is in a swarm that has a leader",
    };
  if (managers % 2 === 1)
    return { state: "ok", found: managers === 1 ? "There is one manager" : `There are ${managers} managers` };
  const lost = managers / 2;
  const some = lost === 1 ? "one of them is" : `${lost} of them are`;
  const fewer = managers === 2 ? "one" : String(managers - 1);
  return {
    state: "failed",
    found: `There are ${managers} managers: the swarm stands still when ${some} lost, which is less safe than with ${fewer}`,
    advice: "have one or three, with docker node promote or demote",
  };
}

function judgeHeartbeat({ heartbeatMs }: NodeReport): Result {
  if (heartbeatMs === undefined)
    return {
      state: "unknown",
      found: "The heartbeat is known to managers only",
      advice: "run oken-runner doctor --node on one of them",
    };
  const seconds = heartbeatMs / 1000;
  if (heartbeatMs <= HEARTBEAT_MS) return { state: "ok", found: `The heartbeat is ${seconds} s` };
  return {
    state: "failed",
    found: `The heartbeat is ${seconds} s, so that a lost node is known after ${3 * seconds} s`,
    advice: "set it with docker swarm update --dispatcher-heartbeat 1s",
  };
}

function judgePorts({ publishesAt, address }: NodeReport): Result {
  if (publishesAt !== "0.0.0.0")
    return { state: "ok", found: `Ports of agents are published at ${publishesAt} alone` };
  return {
    state: "failed",
    found: "Ports of agents are published at every address of this host",
    advice: `set "ip": ${JSON.stringify(address)} in daemon.json, an address of a private network`,
  };
}

function judgeIcc({ icc }: NodeReport): Result {
  if (!icc) return { state: "ok", found: "Agents on this host do not reach each other" };
  return {
    state: "failed",
    found: "Agents on this host reach each other",
    advice: 'set "icc": false in daemon.json',
  };
}

function judgePrivileges({ noNewPrivileges }: NodeReport): Result {
  if (noNewPrivileges) return { state: "ok", found: "No process gains privileges" };
  return {
    state: "failed",
    found: "A process may gain privileges by programs with the setuid bit",
    advice: 'set "no-new-privileges": true in daemon.json: a service cannot say it',
  };
}

function judgeProxy({ userlandProxy }: NodeReport): Result {
  if (userlandProxy === undefined)
    return {
      state: "unknown",
      found: "There is no /etc/docker/daemon.json to read whether each port has a process",
      advice: 'set "userland-proxy": false there, unless dockerd is told so in another way',
    };
  if (!userlandProxy) return { state: "ok", found: "Published ports have no processes of their own" };
  return {
    state: "failed",
    found: "Each published port has a process, which hides who calls",
    advice: 'set "userland-proxy": false in daemon.json',
  };
}

function judgeRestore({ liveRestore }: NodeReport): Result {
  if (!liveRestore) return { state: "ok", found: "The engine ends its containers when it ends" };
  return {
    state: "failed",
    found: "live-restore is on, with which an engine cannot be in a swarm",
    advice: 'take "live-restore" out of daemon.json',
  };
}
