import { AGENT_HOME, STOP_GRACE_SECONDS } from "../../lib/agent-container.ts";
import { LOG_DRIVER_ARGS, TMPFS_SIZE, nofile, pidsOf, sharedMemoryOf } from "./container-limits.ts";
import type { ContainerSpec } from "../types.ts";
import { tagOf } from "../firewall/rules.ts";
import type { AgentNetwork } from "../networks/agent-networks.ts";
import { volumeMountArgs } from "../storage/volume-args.ts";
import { AGENT_LABEL, MANAGED, POLICY_LABEL, identityLabels, labelArgs, runnerLabels } from "../labels.ts";

export type ContainerSettings = {
  network: string;
  /** OCI runtime; undefined for the engine's default. */
  runtime: string | undefined;
  /** The control group above the agents' own; undefined for the engine's choice. */
  cgroupParent: string | undefined;
  /** Path of the agents' seccomp profile; undefined for the engine's own. */
  seccomp: string | undefined;
  runnerId: string;
};

export type RunSettings = ContainerSettings & {
  /** Without a limit of CPUs; `updateCpusArgs` sets that once the agent has started. */
  boosted: boolean;
  /** Resolvers; none for the engine's choice. */
  dns: string[];
};

/**
 * `docker run` of an agent: no capability, no new privileges, a read-only root, a limit on everything. No `--init`: the
 * runtime collects orphans itself, and as the main process of its container nobody inside can kill it.
 */
export function runArgs(spec: ContainerSpec, settings: RunSettings): string[] {
  return [
    "run",
    "--detach",
    ...["--name", spec.name],
    ...labelArgs(identityLabels(settings.runnerId, spec.identity)),
    ...["--network", settings.network],
    ...settings.dns.flatMap((address) => ["--dns", address]),
    ...["--pull", "never"],
    ...["--restart", "no"],
    ...(settings.runtime === undefined ? [] : ["--runtime", settings.runtime]),
    ...(settings.cgroupParent === undefined ? [] : ["--cgroup-parent", settings.cgroupParent]),
    ...["--stop-timeout", String(STOP_GRACE_SECONDS)],
    ...["--user", `${spec.userId}:${spec.userId}`],
    ...["--cap-drop", "ALL"],
    ...["--security-opt", "no-new-privileges"],
    ...(settings.seccomp === undefined ? [] : ["--security-opt", `seccomp=${settings.seccomp}`]),
    "--read-only",
    ...["--tmpfs", tmpfs("/tmp", spec.userId)],
    ...["--tmpfs", tmpfs(AGENT_HOME, spec.userId)],
    ...["--memory", String(spec.memory)],
    ...["--memory-swap", String(spec.memory)],
    ...(settings.boosted ? [] : ["--cpus", String(spec.cpus)]),
    ...["--pids-limit", String(pidsOf(spec))],
    ...["--ulimit", nofile(spec.concurrency)],
    ...["--ulimit", "core=0"],
    ...["--shm-size", String(sharedMemoryOf(spec))],
    ...["--ipc", "private"],
    ...["--cgroupns", "private"],
    ...["--oom-score-adj", "500"],
    ...LOG_DRIVER_ARGS,
    ...spec.mounts.flatMap(({ source, target }) => [
      "--mount",
      `type=bind,src=${source},dst=${target},readonly`,
    ]),
    ...(spec.volumes ?? []).flatMap(volumeMountArgs),
    ...Object.entries(spec.env).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
    "--",
    spec.image,
  ];
}

export function startArgs(name: string): string[] {
  return ["start", "--", name];
}

export function renameArgs(id: string, name: string): string[] {
  return ["rename", "--", id, name];
}

export function updateCpusArgs(name: string, cpus: number): string[] {
  return ["update", "--cpus", String(cpus), "--", name];
}

export function pauseArgs(name: string): string[] {
  return ["pause", "--", name];
}

export function unpauseArgs(name: string): string[] {
  return ["unpause", "--", name];
}

export function stopArgs(name: string, graceSeconds: number): string[] {
  return ["stop", "-t", String(graceSeconds), "--", name];
}

export function removeArgs(name: string): string[] {
  return ["rm", "--force", "--volumes", "--", name];
}

export function inspectArgs(names: string[]): string[] {
  return ["container", "inspect", "--", ...names];
}

export function listArgs(labels: Record<string, string>): string[] {
  return ["ps", "--all", "--no-trunc", ...filterArgs(labels), "--format", "{{.Names}}"];
}

export function logsArgs(name: string, tail: number): string[] {
  return ["logs", "--tail", String(tail), "--", name];
}

export function followLogsArgs(name: string, tail: number): string[] {
  return ["logs", "--follow", "--tail", String(tail), "--", name];
}

/** Of every container that runs, whosever it is: with names, one that has just gone would fail them all. */
export function statsArgs(): string[] {
  return ["stats", "--no-stream", "--no-trunc", "--format", "{{json .}}"];
}

/** Of every container and network: a filter by label would drop the events of networks. */
export function eventsArgs(): string[] {
  return [
    "events",
    ...["--filter", "type=container"],
    ...["--filter", "type=network"],
    ...["--filter", "event=die"],
    ...["--filter", "event=kill"],
    ...["--filter", "event=oom"],
    ...["--filter", "event=pause"],
    ...["--filter", "event=unpause"],
    ...["--filter", "event=rename"],
    ...["--filter", "event=disconnect"],
    ...["--filter", "event=destroy"],
    ...["--format", "{{json .}}"],
  ];
}

export function networkInspectArgs(name: string): string[] {
  return ["network", "inspect", "--", name];
}

/** Agents cannot reach each other; the runner reaches each of them through the bridge. */
export function networkCreateArgs({ name, policy, internal }: AgentNetwork, runnerId: string): string[] {
  const own = policy === undefined ? MANAGED : { ...runnerLabels(runnerId), [POLICY_LABEL]: policy };
  return [
    "network",
    "create",
    ...["--driver", "bridge"],
    ...(internal ? ["--internal"] : []),
    ...["--opt", "com.docker.network.bridge.enable_icc=false"],
    // The rules of the firewall name it, and outlive a network that is made anew.
    ...["--opt", `com.docker.network.bridge.name=${tagOf(name)}`],
    ...labelArgs(own),
    "--",
    name,
  ];
}

/** Prints the names and policies of a runner's own networks, a line each. */
export function policyNetworksArgs(runnerId: string): string[] {
  return [
    "network",
    "ls",
    ...filterArgs(runnerLabels(runnerId)),
    ...["--filter", `label=${POLICY_LABEL}`],
    ...["--format", `{{.Name}} {{.Label "${POLICY_LABEL}"}}`],
  ];
}

/** Prints the ids of the agents' containers in a network, running or not. */
export function agentsInArgs(network: string): string[] {
  return ["ps", "--all", "--quiet", "--filter", `network=${network}`, "--filter", `label=${AGENT_LABEL}`];
}

/** Prints one id a line, in the order of `references`. */
/** Asks the registry with HEAD, which Docker Hub does not count as a pull. */
export function registryImageArgs(reference: string): string[] {
  return ["imagetools", "inspect", "--raw", reference];
}

export function imageIdsArgs(references: string[]): string[] {
  return ["image", "inspect", "--format", "{{.Id}}", "--", ...references];
}

export function imageRemoveArgs(references: string[]): string[] {
  return ["image", "rm", "--force", "--", ...references];
}

/** Prints the ids of images that have lost their name to a newer one. */
export function namelessImagesArgs(labels: Record<string, string>): string[] {
  return ["image", "ls", "--quiet", "--no-trunc", "--filter", "dangling=true", ...filterArgs(labels)];
}

export function imageListArgs(labels: Record<string, string>): string[] {
  return ["image", "ls", "--no-trunc", ...filterArgs(labels), "--format", "{{.Repository}}:{{.Tag}}"];
}

export function filterArgs(labels: Record<string, string>): string[] {
  return Object.entries(labels).flatMap(([name, value]) => ["--filter", `label=${name}=${value}`]);
}

/** Names an owner, since otherwise root would own a mount over a directory of the image. */
function tmpfs(path: string, userId: number): string {
  return `${path}:rw,nosuid,nodev,size=${TMPFS_SIZE},mode=1777,uid=${userId},gid=${userId}`;
}
