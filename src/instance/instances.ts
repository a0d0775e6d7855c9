import type { Clock } from "../lib/clock.ts";
import type { ContainerSpec, Engine, ListedContainer, RunningContainer } from "../docker/types.ts";
import { RunnerError, messageOf } from "../lib/errors.ts";
import type { Log } from "../lib/log.ts";
import type { VersionRecord } from "../model/agent.ts";
import type { Instance } from "./instance.ts";
import type { CpuBoost } from "./boost.ts";
import type { Deaths } from "./exits.ts";
import { plainText, readLine } from "./log-lines.ts";
import type { Names } from "./names.ts";
import { waitUntilReady } from "./readiness.ts";

/** Where the runtime inside the container finds the agent's secrets. */
const SECRETS_TARGET = "/run/oken/secrets.json";

/** Log lines that a failed start carries. */
const FAILURE_LOG_LINES = 50;

/** How long a container that runs already may take to say that it serves; the runner's start waits for it. */
const ADOPTION_TIMEOUT_MS = 5_000;

/** Where the runtime of an `http` agent answers, apart from the agent's own port. */
const CONTROL_PORT = 7999;

/** Starts a version in a container and waits until it serves. */
export type Instances = {
  /** A fresh container. On failure it is gone, and the error carries its last lines. */
  start(agentId: string, version: VersionRecord, options: StartOptions): Promise<Instance>;
  /** The version's stopped container again, or a fresh one if it is gone. */
  wake(agentId: string, version: VersionRecord, signal: AbortSignal): Promise<Instance>;
  /** An instance for a container that runs already, once it has said that it serves. */
  adopt(agentId: string, version: VersionRecord, container: ListedContainer): Promise<Instance>;
  /** Digest of what a version's container is started with, but for what differs between versions of one agent. */
  fingerprint(agentId: string, version: Pick<VersionRecord, "manifest" | "entrypoint">): Promise<string>;
};

export type StartOptions = {
  signal: AbortSignal;
  /** With all of the host's processors until it is ready; unwise while others have work for them. */
  boost: boolean;
};

export type InstancesOptions = {
  engine: Engine;
  store: { secretsPath(agentId: string, version: number): string };
  names: Names;
  deaths: Deaths;
  cpuBoost: CpuBoost;
  clock: Clock;
  log: Log;
  /** Port of an agent that is not an `http` agent. */
  containerPort: number;
  healthCheckTimeoutMs: number;
};

type Start = { container: RunningContainer; startedAt: number; signal: AbortSignal; timeoutMs: number };

export function createInstances(options: InstancesOptions): Instances {
  const { engine, names, clock, cpuBoost } = options;

  /** The wait for a container that has just been started. */
  async function boosted(agentId: string, version: VersionRecord, start: Start): Promise<Instance> {
    const boost = cpuBoost.begin({ ...start.container, cpus: version.manifest.cpus });
    try {
      const instance = await ready(agentId, version, start);
      boost.ready();
      return instance;
    } catch (error) {
      boost.failed();
      throw error;
    }
  }

  async function ready(agentId: string, version: VersionRecord, start: Start): Promise<Instance> {
    const { container, startedAt, signal, timeoutMs } = start;
    const ports = portsOf(version, options.containerPort);
    try {
      await waitUntilReady({
        agentId,
        container,
        engine,
        deaths: options.deaths,
        clock,
        startedAt,
        signal,
        controlPort: ports.control,
        timeoutMs,
      });
    } catch (error) {
      const log = await engine
        .logs(container.name, FAILURE_LOG_LINES)
        .then((lines) => plainText(lines.map(readLine)), messageOf);
      await engine.removeContainer(container.name).catch((cause: unknown) => {
        options.log.error(
          { agent_id: agentId, container: container.name, err: cause },
          "could not remove a container that failed to start",
        );
      });
      throw withLog(error, log);
    }
    return {
      version,
      container,
      origin: `http://${container.address}:${ports.serving}`,
      inFlight: 0,
      lastUsed: clock.monotonic(),
      onEmpty: undefined,
      onCutOff: new Set(),
    };
  }

  async function start(
    agentId: string,
    version: VersionRecord,
    { signal, boost }: StartOptions,
  ): Promise<Instance> {
    const startedAt = clock.monotonic();
    const spec = { ...containerSpec(agentId, version, options), boost };
    const container = await engine.startContainer(spec);
    const started = { container, startedAt, signal, timeoutMs: options.healthCheckTimeoutMs };
    return boost ? boosted(agentId, version, started) : ready(agentId, version, started);
  }

  return {
    start,
    async wake(agentId, version, signal) {
      const startedAt = clock.monotonic();
      const container = await engine.restartContainer(names.container(agentId, version.version));
      return container === undefined
        ? start(agentId, version, { signal, boost: true })
        : boosted(agentId, version, {
            container,
            startedAt,
            signal,
            timeoutMs: options.healthCheckTimeoutMs,
          });
    },
    async adopt(agentId, version, container) {
      const { cpus } = version.manifest;
      // The runner that started it may have ended before it was ready.
      if (container.cpus !== cpus) cpuBoost.limit({ ...container, cpus });
      return ready(agentId, version, {
        container,
        startedAt: clock.monotonic(),
        signal: new AbortController().signal,
        timeoutMs: ADOPTION_TIMEOUT_MS,
      });
    },
    fingerprint(agentId, { manifest, entrypoint }) {
      const unbuilt = { version: 0, spec_digest: "", image: "", manifest, entrypoint };
      return engine.containerFingerprint({ ...containerSpec(agentId, unbuilt, options), boost: false });
    },
  };
}

type ContainerVersion = Pick<VersionRecord, "version" | "spec_digest" | "image" | "manifest" | "entrypoint">;

function containerSpec(
  agentId: string,
  version: ContainerVersion,
  options: InstancesOptions,
): Omit<ContainerSpec, "boost"> {
  const { manifest, entrypoint } = version;
  const ports = portsOf(version, options.containerPort);
  const spec = {
    ...entrypoint,
    port: ports.serving,
    control_port: ports.control,
    health_path: manifest.healthPath,
    concurrency: manifest.concurrency,
    timeout: manifest.timeout,
  };
  return {
    name: options.names.container(agentId, version.version),
    image: version.image,
    identity: { agentId, version: version.version, spec: version.spec_digest },
    env: {
      PORT: String(ports.serving),
      OKEN_AGENT_ID: agentId,
      OKEN_VERSION: String(version.version),
      OKEN_SPEC: JSON.stringify(spec),
    },
    mounts: [{ source: options.store.secretsPath(agentId, version.version), target: SECRETS_TARGET }],
    memory: manifest.memory,
    cpus: manifest.cpus,
  };
}

/** An `http` agent's server has a port of its own, so its runtime answers beside it. */
function portsOf(
  { manifest, entrypoint }: Pick<VersionRecord, "manifest" | "entrypoint">,
  containerPort: number,
): { serving: number; control: number } {
  if (entrypoint.type !== "http") return { serving: containerPort, control: containerPort };
  return {
    serving: manifest.port,
    control: manifest.port === CONTROL_PORT ? CONTROL_PORT - 1 : CONTROL_PORT,
  };
}

function withLog(error: unknown, log: string): unknown {
  if (!(error instanceof RunnerError) || error.code !== "AGENT_START_FAILED") return error;
  return new RunnerError(error.code, error.message, { details: { ...error.details, log }, cause: error });
}
