import type { Engine, ListedContainer, RunningContainer } from "../docker/types.ts";
import type { Clock } from "../lib/clock.ts";
import { STOP_GRACE_SECONDS } from "../lib/agent-container.ts";
import { messageOf } from "../lib/errors.ts";
import type { Log } from "../lib/log.ts";
import type { VersionRecord } from "../model/agent.ts";
import type { CpuBoost } from "./boost.ts";
import { type ContainerSpecOptions, containerSpec } from "./container-spec.ts";
import { type Instance, createInstance } from "./instance.ts";
import { createLastLines } from "./last-lines.ts";
import type { Doubt } from "./silence.ts";
import { originOf } from "./origin.ts";
import { portsOf } from "./ports.ts";
import type { Readiness, WaitUntilReady } from "./readiness.ts";
import { withLog } from "./start-failure.ts";

/** How long a container that runs already may take to say that it serves; the runner's start waits for it. */
const ADOPTION_TIMEOUT_MS = 5_000;

/** Starts and stops the containers in which versions run. */
export type Instances = {
  /** A fresh container. On failure it is gone, and the error carries its last lines. */
  start(agentId: string, version: VersionRecord, options: StartOptions): Promise<Instance>;
  /** The version's stopped container again, or a fresh one if it is gone. */
  restart(agentId: string, version: VersionRecord, signal: AbortSignal): Promise<Instance>;
  /** Lets the paused container of an instance go on, until it says that it serves. False if it does not run. */
  resume(agentId: string, instance: Instance, signal: AbortSignal): Promise<boolean>;
  /** An instance for a container that is paused already; `resume` lets it serve. */
  adoptPaused(agentId: string, version: VersionRecord, container: ListedContainer): Instance;
  /** An instance for a container that runs already, once it has said that it serves. */
  adopt(agentId: string, version: VersionRecord, container: ListedContainer): Promise<Instance>;
  /** Digest of the options that a version's container starts with, but for those that name the version. */
  fingerprint(agentId: string, version: Pick<VersionRecord, "manifest" | "entrypoint">): Promise<string>;
  /** Cuts off the requests inside and stops the container. That of the first instance stays, for its log. */
  stop(instance: Instance): Promise<void>;
  /** The last lines of an instance's log, without secrets; none where the engine does not give them. */
  lastLines(agentId: string, instance: Instance): Promise<string>;
  /** Stops a container and removes it. A failure is logged, never thrown. */
  remove(agentId: string, container: string): Promise<void>;
};

export type StartOptions = {
  signal: AbortSignal;
  /** With all of the host's CPUs until it is ready. Unwise while others need them. */
  boost: boolean;
  /** Its number among the instances of its version; the first unless it says more. */
  replica?: number | undefined;
  onTrouble?: Readiness["onTrouble"];
};

export type InstancesOptions = {
  engine: Pick<
    Engine,
    | "can"
    | "containerFingerprint"
    | "startContainer"
    | "restartContainer"
    | "unpauseContainer"
    | "stopContainer"
    | "removeContainer"
    | "boostCpus"
    | "logs"
  >;
  spec: ContainerSpecOptions;
  waitUntilReady: WaitUntilReady;
  /** Speaks to the runtime with this origin. */
  runtime: {
    askRestarts(origin: string): Promise<number | undefined>;
    tellDoubt(origin: string, told: { instance: string; doubt: Doubt }): Promise<void>;
  };
  healthCheckTimeoutMs: number;
  cpuBoost: CpuBoost;
  clock: Clock;
  log: Log;
};

/** A container on its way to ready. */
type Start = {
  container: RunningContainer;
  replica?: number | undefined;
  isFresh: boolean;
  startedAt: number;
  signal: AbortSignal;
  timeoutMs: number;
  onTrouble?: Readiness["onTrouble"];
};

export function createInstances(options: InstancesOptions): Instances {
  const { engine, spec, clock, cpuBoost, log, healthCheckTimeoutMs: timeoutMs } = options;
  const lastLines = createLastLines({ engine, files: spec.files });

  async function untilReady(
    agentId: string,
    version: VersionRecord,
    start: Omit<Start, "isFresh">,
  ): Promise<void> {
    const { control } = portsOf(version, spec.containerPort);
    try {
      await options.waitUntilReady({ ...start, agentId, controlPort: control });
    } catch (error) {
      throw await cleanedUp(agentId, { version: version.version, container: start.container.name }, error);
    }
  }

  async function ready(agentId: string, version: VersionRecord, start: Start): Promise<Instance> {
    await untilReady(agentId, version, start);
    return instanceIn(agentId, version, start);
  }

  function instanceIn(
    agentId: string,
    version: VersionRecord,
    { container, isFresh, replica }: Pick<Start, "container" | "isFresh" | "replica">,
  ): Instance {
    const ports = portsOf(version, spec.containerPort);
    const control = originOf(container, ports.control);
    return createInstance({
      version,
      container,
      isFresh,
      replica,
      origin: originOf(container, ports.serving),
      restarts: () => options.runtime.askRestarts(control),
      onSilent(doubt) {
        // The runtime has the requests of all others itself.
        if (version.entrypoint.type !== "http") return;
        log.warn({ agent_id: agentId, container: container.name }, "the agent answers none of its requests");
        void options.runtime.tellDoubt(control, { instance: container.name, doubt });
      },
      clock,
    });
  }

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

  /** Removes a container that failed to start. Gives the error with its last lines, and no secret in it. */
  async function cleanedUp(
    agentId: string,
    { version, container }: { version: number; container: string },
    error: unknown,
  ): Promise<unknown> {
    const last = await lastLines(agentId, { version, container });
    const lines = await last.read().catch(messageOf);
    await engine.removeContainer(container).catch((cause: unknown) => {
      log.error(
        { agent_id: agentId, container, err: cause },
        "could not remove a container that failed to start",
      );
    });
    return withLog(error, lines, last.redact);
  }

  async function start(
    agentId: string,
    version: VersionRecord,
    { signal, replica, onTrouble, ...asked }: StartOptions,
  ): Promise<Instance> {
    const boost = asked.boost && engine.can.shareCpus;
    const startedAt = clock.monotonic();
    await spec.files.requireThere(agentId, version.version);
    const container = await spec.files.during(agentId, version.version, () =>
      engine.startContainer({ ...containerSpec(agentId, version, { ...spec, replica }), boost }),
    );
    const started = { container, replica, isFresh: true, startedAt, signal, timeoutMs, onTrouble };
    return boost ? boosted(agentId, version, started) : ready(agentId, version, started);
  }

  /** The runner that started it may have ended before it was ready. */
  function limitAdopted({ manifest: { cpus } }: VersionRecord, container: ListedContainer): void {
    if (container.cpus !== cpus) cpuBoost.limit({ ...container, cpus });
  }

  return {
    start,
    async restart(agentId, version, signal) {
      const startedAt = clock.monotonic();
      const container = await spec.files.during(agentId, version.version, () =>
        engine.restartContainer(containerSpec(agentId, version, spec)),
      );
      if (container === undefined) return start(agentId, version, { signal, boost: true });
      const started = { container, isFresh: false, startedAt, signal, timeoutMs };
      return engine.can.shareCpus ? boosted(agentId, version, started) : ready(agentId, version, started);
    },
    async resume(agentId, { version, container }, signal) {
      const startedAt = clock.monotonic();
      if (!(await engine.unpauseContainer(container.id))) return false;
      await untilReady(agentId, version, { container, startedAt, signal, timeoutMs });
      return true;
    },
    adoptPaused(agentId, version, container) {
      limitAdopted(version, container);
      return instanceIn(agentId, version, {
        container,
        isFresh: false,
        replica: container.identity?.replica,
      });
    },
    async adopt(agentId, version, container) {
      limitAdopted(version, container);
      return ready(agentId, version, {
        container,
        replica: container.identity?.replica,
        isFresh: false,
        startedAt: clock.monotonic(),
        signal: new AbortController().signal,
        timeoutMs: ADOPTION_TIMEOUT_MS,
      });
    },
    fingerprint(agentId, { manifest, entrypoint }) {
      const unbuilt = { version: 0, spec_digest: "", image: "", manifest, entrypoint };
      return engine.containerFingerprint({ ...containerSpec(agentId, unbuilt, spec), boost: false });
    },
    async stop(instance) {
      const { container, version } = instance;
      instance.cutOff("stopped");
      // The runtime lets the requests inside finish on SIGTERM.
      await engine.stopContainer(container.name, STOP_GRACE_SECONDS);
      instance.end({ reason: "stopped" });
      if (instance.replica !== 1) return engine.removeContainer(container.name);
      // Without all CPUs the next start takes longer, and that is all.
      if (engine.can.shareCpus)
        await engine.boostCpus(container.id, version.manifest.cpus).catch(() => undefined);
    },
    async lastLines(agentId, { version, container }) {
      const last = await lastLines(agentId, { version: version.version, container: container.name });
      return last.read().catch(() => "");
    },
    async remove(agentId, container) {
      try {
        await engine.stopContainer(container, STOP_GRACE_SECONDS);
        await engine.removeContainer(container);
      } catch (error) {
        log.error({ agent_id: agentId, container, err: error }, "could not remove a retired container");
      }
    },
  };
}
