import type { ContainerSpec } from "../docker/types.ts";
import { IMAGE_USER_ID } from "../lib/agent-container.ts";
import type { VersionRecord } from "../model/agent.ts";
import type { Names } from "./names.ts";
import { portsOf } from "./ports.ts";

/** Where the runtime inside the container finds the agent's secrets. */
const SECRETS_TARGET = "/run/oken/secrets.json";

type ContainerVersion = Pick<
  VersionRecord,
  "version" | "spec_digest" | "image" | "manifest" | "entrypoint" | "user_id"
>;

export type ContainerSpecOptions = {
  names: Names;
  /** Where the files are that its container mounts. */
  files: {
    secretsPath(agentId: string, version: number): string;
    readSecrets(agentId: string, version: number): Promise<Record<string, string>>;
    /** Rejects if they were lost. */
    requireThere(agentId: string, version: number): Promise<void>;
    /** Does the work of a start, with the file of secrets at its path. */
    during<T>(agentId: string, version: number, work: () => Promise<T>): Promise<T>;
    passwdPath(agentId: string, version: number): string;
  };
  /** Port of an agent that is not an `http` agent. */
  containerPort: number;
  /** Cut the values of secrets from the log. */
  redactLogs: boolean;
  /** Bytes a second that its log takes for long; 0 for any number. */
  logRate: number;
  /** Which of the version's instances; the first unless it says more. */
  replica?: number | undefined;
};

/** The container in which a version runs. */
export function containerSpec(
  agentId: string,
  version: ContainerVersion,
  options: ContainerSpecOptions,
): Omit<ContainerSpec, "boost"> {
  const { manifest, entrypoint } = version;
  const ports = portsOf(version, options.containerPort);
  const spec = {
    ...entrypoint,
    ...(manifest.env === undefined ? {} : { env: { ...manifest.env, ...entrypoint.env } }),
    port: ports.serving,
    control_port: ports.control,
    health_path: manifest.healthPath,
    concurrency: manifest.concurrency,
    timeout: manifest.timeout,
    log_rate: options.logRate,
    ...(options.redactLogs ? { redact_logs: true } : {}),
  };
  const { replica = 1 } = options;
  const name = options.names.container(agentId, version.version, replica);
  return {
    name,
    image: version.image,
    identity: {
      agentId,
      version: version.version,
      spec: version.spec_digest,
      ...(replica === 1 ? {} : { replica }),
    },
    env: {
      PORT: String(ports.serving),
      OKEN_AGENT_ID: agentId,
      OKEN_VERSION: String(version.version),
      // The runtime refuses what is for another instance: an address is soon another's.
      OKEN_INSTANCE: name,
      OKEN_SPEC: JSON.stringify(spec),
    },
    userId: version.user_id ?? IMAGE_USER_ID,
    mounts: [
      { source: options.files.secretsPath(agentId, version.version), target: SECRETS_TARGET, isSecret: true },
      ...(version.user_id === undefined
        ? []
        : [
            {
              source: options.files.passwdPath(agentId, version.version),
              target: "/etc/passwd",
              isSecret: false,
            },
          ]),
    ],
    ports: [...new Set([ports.serving, ports.control])],
    volumes: manifest.volumes?.map((volume) => ({
      ...volume,
      name: options.names.volume(agentId, volume.path),
    })),
    memory: manifest.memory,
    cpus: manifest.cpus,
    egress: manifest.egress,
    placement: manifest.placement?.labels,
    concurrency: manifest.concurrency,
  };
}
