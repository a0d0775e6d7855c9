import { AGENT_HOME, STOP_GRACE_SECONDS } from "../../lib/agent-container.ts";
import { LABEL, MANAGED, filterArgs, identityLabels, labelArgs, runnerLabels } from "../labels.ts";
import {
  LOG_DRIVER_ARGS,
  MIN_SHARED_MEMORY,
  TMPFS_SIZE,
  nofile,
  pidsOf,
  sharedMemoryOf,
} from "../containers/container-limits.ts";
import { avoidArgs, onlyArgs } from "./chosen-nodes.ts";
import type { ContainerSpec, Identity, Mount } from "../workload.ts";

/** The label by which the CLI lists the tasks of several services at once; it makes them one stack. */
const STACK_LABEL = "com.docker.stack.namespace";

/** On a secret or a config: the service that it is for. */
const SERVICE_LABEL = "oken.service";

export type ServiceSettings = {
  runnerId: string;
  /** Resolvers; none for the engine's choice. The network of a task has no resolver of its own. */
  dns: string[];
  /** Ids of nodes on which it does not run. */
  avoided?: string[] | undefined;
  /** That of the only one on which it runs. */
  nodeId?: string | undefined;
};

/**
 * `docker service create` of an agent's container: as `runArgs`, with what a swarm has. Its tasks end when their program
 * does, and nobody but the runner starts another. What a node sets for all of its containers is left out: no new
 * privileges, seccomp, swap, runtime.
 */
export function createServiceArgs(spec: ContainerSpec, settings: ServiceSettings): string[] {
  return [
    ...["service", "create", "--detach", "--quiet"],
    ...["--name", spec.name],
    ...labelArgs({
      ...identityLabels(settings.runnerId, spec.identity),
      [STACK_LABEL]: stackOf(settings.runnerId),
    }),
    ...Object.entries(MANAGED).flatMap(([name, value]) => ["--container-label", `${name}=${value}`]),
    ...["--network", "bridge"],
    ...["--endpoint-mode", "dnsrr"],
    ...spec.ports.flatMap((port) => ["--publish", `mode=host,protocol=tcp,target=${port}`]),
    ...settings.dns.flatMap((address) => ["--dns", address]),
    ...avoidArgs(settings.avoided ?? []),
    ...onlyArgs(settings.nodeId),
    ...Object.entries(spec.placement ?? {}).flatMap(([name, value]) => [
      "--constraint",
      `node.labels.${name}==${value}`,
    ]),
    ...["--replicas", "1"],
    ...["--restart-condition", "none"],
    // By digest, a node that has the image asks no registry.
    ...["--no-resolve-image", "--with-registry-auth"],
    ...["--stop-grace-period", `${STOP_GRACE_SECONDS}s`],
    ...["--user", `${spec.userId}:${spec.userId}`],
    ...["--cap-drop", "ALL"],
    "--read-only",
    ...["--mount", tmpfs("/tmp", TMPFS_SIZE)],
    ...["--mount", tmpfs(AGENT_HOME, TMPFS_SIZE)],
    ...(sharedMemoryOf(spec) === MIN_SHARED_MEMORY
      ? []
      : ["--mount", tmpfs("/dev/shm", String(sharedMemoryOf(spec)))]),
    ...["--limit-memory", String(spec.memory)],
    // By which a node is chosen: without it tasks are only counted.
    ...["--reserve-memory", String(spec.memory)],
    ...["--limit-cpu", String(spec.cpus)],
    ...["--limit-pids", String(pidsOf(spec))],
    ...["--ulimit", nofile(spec.concurrency)],
    ...["--ulimit", "core=0"],
    ...LOG_DRIVER_ARGS,
    ...filesOf(spec).flatMap(({ isSecret, name, target }) => [
      isSecret ? "--secret" : "--config",
      isSecret
        ? `source=${name},target=${target},uid=${spec.userId},gid=${spec.userId},mode=0400`
        : `source=${name},target=${target},mode=0444`,
    ]),
    ...Object.entries(spec.env).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
    "--",
    spec.image,
  ];
}

/** What the swarm keeps of a service's files, under names of their own. */
export function filesOf({
  name,
  mounts,
}: Pick<ContainerSpec, "name" | "mounts">): (Mount & { name: string })[] {
  return mounts.map((mount, index) => ({ ...mount, name: `${name}-${index}` }));
}

/** Of a secret or a config: its content is read from the file at `source`. */
export function createFileArgs(
  { name, source, isSecret }: Mount & { name: string },
  { service, runnerId }: { service: string; runnerId: string },
): string[] {
  const labels = { ...runnerLabels(runnerId), [SERVICE_LABEL]: service };
  return [isSecret ? "secret" : "config", "create", ...labelArgs(labels), "--", name, source];
}

export function serviceOfFile(file: string): string {
  return file.replace(/-\d+$/, "");
}

/** Prints the names of what is kept of the files of a runner's services. */
export function listFilesArgs(kind: "secret" | "config", runnerId: string): string[] {
  const labels = [...filterArgs(runnerLabels(runnerId)), "--filter", `label=${SERVICE_LABEL}`];
  return [kind, "ls", ...labels, "--format", "{{.Name}}"];
}

/** Prints the secrets, then the configs of a service, each on a line of its own with spaces between them. */
export function serviceFilesArgs(service: string): string[] {
  const spec = ".Spec.TaskTemplate.ContainerSpec";
  const secrets = `{{range ${spec}.Secrets}}{{.SecretName}} {{end}}`;
  const format = `${secrets}\n{{range ${spec}.Configs}}{{.ConfigName}} {{end}}`;
  return ["service", "inspect", "--format", format, "--", service];
}

export function removeFilesArgs(kind: "secret" | "config", names: string[]): string[] {
  return [kind, "rm", "--", ...names];
}

export type WakeOptions = {
  /** Hands the nodes the registry's login of now: a service has that of its creation, which may have run out. */
  renewLogin: boolean;
};

/** Has a service that sleeps run, and one whose task has ended run anew. */
export function wakeServiceArgs(
  service: string,
  placement: string[] = [],
  { renewLogin }: WakeOptions = { renewLogin: false },
): string[] {
  const login = renewLogin ? ["--with-registry-auth"] : [];
  const update = ["service", "update", "--detach", "--quiet", ...placement, ...login];
  return [...update, "--replicas", "1", "--force", "--", service];
}

export function sleepServiceArgs(service: string): string[] {
  return ["service", "update", "--detach", "--quiet", "--replicas", "0", "--", service];
}

export function removeServiceArgs(service: string): string[] {
  return ["service", "rm", "--", service];
}

/** A line for each service. */
const SERVICE_FORMAT = `{"id":{{json .ID}},"name":{{json .Spec.Name}},"labels":{{json .Spec.Labels}},"resources":{{json .Spec.TaskTemplate.Resources}}}`;

export function inspectServicesArgs(services: string[]): string[] {
  return ["service", "inspect", "--format", SERVICE_FORMAT, "--", ...services];
}

/** Prints the ids of a runner's services. */
export function listServicesArgs(runnerId: string): string[] {
  return ["service", "ls", "--quiet", ...filterArgs(runnerLabels(runnerId))];
}

export function listServiceNamesArgs(runnerId: string): string[] {
  return ["service", "ls", ...filterArgs(runnerLabels(runnerId)), "--format", "{{.Name}}"];
}

/** Prints the ids of the services of one version of an agent, perhaps cut short. */
export function versionServicesArgs(
  runnerId: string,
  { agentId, version }: Pick<Identity, "agentId" | "version">,
): string[] {
  const labels = { ...runnerLabels(runnerId), [LABEL.agent]: agentId, [LABEL.version]: String(version) };
  return ["service", "ls", "--quiet", ...filterArgs(labels)];
}

/** Prints the ids of the services of all runners. */
export function listAllServicesArgs(): string[] {
  return ["service", "ls", "--quiet", ...filterArgs(MANAGED), "--filter", `label=${LABEL.agent}`];
}

/** A line for each task; the error comes last, since it may have any text. */
const TASK_FORMAT =
  "{{.ID}}\t{{.Name}}\t{{.Node}}\t{{.DesiredState}}\t{{.CurrentState}}\t{{.Ports}}\t{{.Error}}";

/** Of one service, the newest task first. */
export function serviceTasksArgs(service: string): string[] {
  return ["service", "ps", "--no-resolve", "--no-trunc", "--format", TASK_FORMAT, "--", service];
}

/** Of all services of a runner, in one question: `node ps` asks once for each node, `service ps` for each service. */
export function runnerTasksArgs(runnerId: string, { onlyWanted }: { onlyWanted: boolean }): string[] {
  return [
    ...["stack", "ps", "--no-resolve", "--no-trunc"],
    ...(onlyWanted ? ["--filter", "desired-state=running"] : []),
    ...["--format", TASK_FORMAT, stackOf(runnerId)],
  ];
}

/** What tasks lists leave out of a task: when it changed last, and its exit code. */
export function inspectTaskArgs(id: string): string[] {
  const format = `{"service":{{json .ServiceID}},"desired":{{json .DesiredState}},"status":{{json .Status}}}`;
  return ["inspect", "--type", "task", "--format", format, "--", id];
}

export function listNodesArgs(): string[] {
  return ["node", "ls", "--quiet"];
}

/** A line for each node. */
export function inspectNodesArgs(ids: string[]): string[] {
  const manager = "{{if .ManagerStatus}}{{.ManagerStatus.Addr}}{{end}}";
  const format = `{{.ID}}\t{{.Description.Hostname}}\t{{.Status.Addr}}\t{{.Status.State}}\t${manager}`;
  return ["node", "inspect", "--format", format, "--", ...ids];
}

export function serviceLogsArgs(service: string, tail: number): string[] {
  return ["service", "logs", "--raw", "--tail", String(tail), "--", service];
}

export function followServiceLogsArgs(service: string, tail: number): string[] {
  return ["service", "logs", "--raw", "--follow", "--tail", String(tail), "--", service];
}

function stackOf(runnerId: string): string {
  return `oken-${runnerId}`;
}

/** Without an owner, which a service cannot name: everybody in the container may write. */
function tmpfs(path: string, size: string): string {
  return `type=tmpfs,dst=${path},tmpfs-size=${size},tmpfs-mode=1777`;
}
