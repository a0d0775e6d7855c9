import { type ContainerSettings, withoutProxies } from "../containers/container-args.ts";
import { labelArgs } from "../labels.ts";
import type { WheelRequest } from "../types.ts";

/** What keeps package code from the kernel: the same as agents have. */
export type Sandbox = Pick<ContainerSettings, "runtime" | "seccomp" | "clientProxies">;

/** A build on its way. */
export type WheelBuild = WheelRequest & {
  /** Of its image, network and containers: lower-case letters, digits and dashes. */
  name: string;
  sandbox: Sandbox;
};

/** The directory that the build may write to. It is in memory, so the container's limit holds for it. */
const WORK = "/work";

/** Share of the memory that files may take, so that a full directory gives a readable error and no kill. */
const WORK_SHARE = 0.75;

/** Memory of the gateway, which only copies bytes. */
const GATEWAY_MEMORY = "128m";

const GATEWAY_PROCESSES = 32;

/** Open files of one process of the build. uv opens some hundred at once. */
const FILES = 4_096;

/** The variable that tells the gateway what to let through. */
const GATEWAY_CONFIG = "OKEN_GATEWAY_CONFIG";

/** An address that nobody has (RFC 5737): only the gateway resolves names. */
const NO_RESOLVER = "192.0.2.1";

/**
 * A network without a way out. Its bridge has no address, so there is no way to the host either. The host's ports, its
 * neighbours and the metadata service are unreachable, without a firewall rule of ours.
 */
export function networkArgs({ name, labels }: Pick<WheelBuild, "name" | "labels">): string[] {
  return [
    "network",
    "create",
    "--internal",
    "--opt",
    "com.docker.network.bridge.inhibit_ipv4=true",
    ...labelArgs(labels),
    name,
  ];
}

export function gatewayArgs(request: WheelBuild): string[] {
  return [
    "create",
    "--name",
    `${request.name}-gateway`,
    ...hardening(request),
    "--network",
    "bridge",
    "--memory",
    GATEWAY_MEMORY,
    "--memory-swap",
    GATEWAY_MEMORY,
    "--pids-limit",
    String(GATEWAY_PROCESSES),
    "--env",
    GATEWAY_CONFIG,
    ...command(request.name, request.programs.gateway),
  ];
}

/** In the environment of the command, since everyone on the host can read its arguments. */
export function gatewayEnvironment({ programs }: WheelRequest): Record<string, string> {
  return { [GATEWAY_CONFIG]: programs.gatewayConfig };
}

/** Prints the gateway's address on the build's network. */
export function addressArgs(name: string): string[] {
  return [
    "inspect",
    "--format",
    `{{(index .NetworkSettings.Networks ${JSON.stringify(name)}).IPAddress}}`,
    `${name}-gateway`,
  ];
}

/** Prints the names of the networks that builds left. */
export function leftoverNetworkArgs(labels: Record<string, string>): string[] {
  const filters = Object.entries(labels).flatMap(([name, value]) => ["--filter", `label=${name}=${value}`]);
  return ["network", "ls", "--filter", "name=^oken-build-", ...filters, "--format", "{{.Name}}"];
}

export function builderArgs(request: WheelBuild, gateway: string): string[] {
  const { limits } = request;
  return [
    "run",
    "--rm",
    // The wheels come out on its standard output, which must not be written to the engine's disk.
    "--log-driver",
    "none",
    "--name",
    `${request.name}-builder`,
    ...hardening(request),
    ...(request.userId === undefined ? [] : ["--user", `${request.userId}:${request.userId}`]),
    "--network",
    request.name,
    "--dns",
    NO_RESOLVER,
    "--tmpfs",
    `${WORK}:rw,exec,nosuid,nodev,mode=1777,size=${Math.floor(limits.memory * WORK_SHARE)}`,
    "--memory",
    String(limits.memory),
    "--memory-swap",
    String(limits.memory),
    "--cpus",
    String(limits.cpus),
    "--pids-limit",
    String(limits.processes),
    "--env",
    `OKEN_GATEWAY=${gateway}`,
    ...command(request.name, request.programs.build),
  ];
}

function hardening({ labels, sandbox }: WheelBuild): string[] {
  const { runtime, seccomp } = sandbox;
  return [
    ...Object.keys(withoutProxies(sandbox)).flatMap((name) => ["--env", `${name}=`]),
    ...(runtime === undefined ? [] : ["--runtime", runtime]),
    ...(seccomp === undefined ? [] : ["--security-opt", `seccomp=${seccomp}`]),
    "--pull",
    "never",
    "--init",
    "--read-only",
    "--cap-drop",
    "ALL",
    "--security-opt",
    "no-new-privileges",
    "--ulimit",
    "core=0",
    "--ulimit",
    `nofile=${FILES}:${FILES}`,
    "--ipc",
    "private",
    "--cgroupns",
    "private",
    "--oom-score-adj",
    "500",
    ...labelArgs(labels),
  ];
}

function command(image: string, [program, ...args]: [string, ...string[]]): string[] {
  return ["--entrypoint", program, image, ...args];
}
