import { AGENT_HOME, STOP_GRACE_SECONDS } from "../../lib/agent-container.ts";
import { LOG_DRIVER_ARGS, TMPFS_SIZE, nofile, pidsOf, sharedMemoryOf } from "./container-limits.ts";
import type { ContainerSpec } from "../types.ts";
import { volumeMountArgs } from "../storage/volume-args.ts";
import { filterArgs, identityLabels, labelArgs } from "../labels.ts";

export type ContainerSettings = {
  network: string;
  /** OCI runtime; undefined for the engine's default. */
  runtime: string | undefined;
  /** The control group above the agents' own; undefined for the engine's choice. */
  cgroupParent: string | undefined;
  /** Path of the agents' seccomp profile; undefined for the engine's own. */
  seccomp: string | undefined;
  /** Variables by which the docker CLI would tell containers of the operator's proxies. */
  clientProxies?: readonly string[] | undefined;
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
    ...Object.entries({ ...withoutProxies(settings), ...spec.env }).flatMap(([name, value]) => [
      "--env",
      `${name}=${value}`,
    ]),
    "--",
    spec.image,
  ];
}

/** Said to be empty, they are not the operator's. */
export function withoutProxies({
  clientProxies = [],
}: Pick<ContainerSettings, "clientProxies">): Record<string, string> {
  return Object.fromEntries(clientProxies.map((name) => [name, ""]));
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

/** Names an owner, since otherwise root would own a mount over a directory of the image. */
function tmpfs(path: string, userId: number): string {
  return `${path}:rw,nosuid,nodev,size=${TMPFS_SIZE},mode=1777,uid=${userId},gid=${userId}`;
}
