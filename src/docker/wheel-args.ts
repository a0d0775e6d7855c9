import type { WheelRequest } from "./types.ts";

/** A build on its way. */
export type WheelBuild = WheelRequest & {
  /** Of its image, network and containers: lower-case letters, digits and dashes. */
  name: string;
};

/** Where the build may write: in memory, and so within the container's limit. */
const WORK = "/work";

/** Share of the memory that files may take, so that filling the directory is an error to read and not a kill. */
const WORK_SHARE = 0.75;

/** Memory of the gateway, which copies bytes and keeps none. */
const GATEWAY_MEMORY = "128m";

const GATEWAY_PROCESSES = 32;

/** Variable in which the gateway finds what it lets through. */
const GATEWAY_CONFIG = "OKEN_GATEWAY_CONFIG";

/** An address that is no one's (RFC 5737): names are resolved by the gateway alone. */
const NO_RESOLVER = "192.0.2.1";

/**
 * A network without a way out and, since its bridge gets no address, without a way to the host either: what listens on
 * the host, its neighbours and the metadata service are unreachable, with no firewall rule of ours.
 */
export function networkArgs({ name, labels }: Pick<WheelBuild, "name" | "labels">): string[] {
  return [
    "network",
    "create",
    "--internal",
    "--opt",
    "com.docker.network.bridge.inhibit_ipv4=true",
    ...labelFlags(labels),
    name,
  ];
}

export function gatewayArgs(request: WheelBuild): string[] {
  return [
    "create",
    "--name",
    `${request.name}-gateway`,
    ...hardening(request.labels),
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

/** In the environment of the command and not in its arguments, which everyone on the host can read. */
export function gatewayEnvironment({ programs }: WheelRequest): Record<string, string> {
  return { [GATEWAY_CONFIG]: programs.gatewayConfig };
}

/** Prints the gateway's address in the build's network. */
export function addressArgs(name: string): string[] {
  return [
    "inspect",
    "--format",
    `{{(index .NetworkSettings.Networks ${JSON.stringify(name)}).IPAddress}}`,
    `${name}-gateway`,
  ];
}

/** Prints the names of networks that builds have left. */
export function leftoverNetworkArgs(labels: Record<string, string>): string[] {
  const filters = Object.entries(labels).flatMap(([name, value]) => ["--filter", `label=${name}=${value}`]);
  return ["network", "ls", "--filter", "name=^oken-build-", ...filters, "--format", "{{.Name}}"];
}

export function builderArgs(request: WheelBuild, gateway: string): string[] {
  const { limits } = request;
  return [
    "run",
    "--rm",
    // What it prints, wheels among it, is read as it comes and written to no disk on the way.
    "--log-driver",
    "none",
    "--name",
    `${request.name}-builder`,
    ...hardening(request.labels),
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

function hardening(labels: Record<string, string>): string[] {
  return [
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
    ...labelFlags(labels),
  ];
}

function command(image: string, [program, ...args]: [string, ...string[]]): string[] {
  return ["--entrypoint", program, image, ...args];
}

function labelFlags(labels: Record<string, string>): string[] {
  return Object.entries(labels).flatMap(([name, value]) => ["--label", `${name}=${value}`]);
}
