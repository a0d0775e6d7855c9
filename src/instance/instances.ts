import type { Engine, ListedContainer } from "../docker/types.ts";
import { STOP_GRACE_SECONDS } from "../lib/agent-container.ts";
import type { VersionRecord } from "../model/agent.ts";
import { type BringUpOptions, createBringUp } from "./bring-up.ts";
import { containerSpec } from "./container-spec.ts";
import type { Instance } from "./instance.ts";
import { createLastLines } from "./last-lines.ts";
import type { Readiness } from "./readiness.ts";

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

export type InstancesOptions = BringUpOptions & {
  engine: Pick<
    Engine,
    | "can"
    | "containerFingerprint"
    | "startContainer"
    | "restartContainer"
    | "unpauseContainer"
    | "stopContainer"
    | "boostCpus"
  >;
  healthCheckTimeoutMs: number;
};

export function createInstances(options: InstancesOptions): Instances {
  const { engine, spec, clock, cpuBoost, log, healthCheckTimeoutMs: timeoutMs } = options;
  const bringUp = createBringUp(options);
  const lastLines = createLastLines({ engine, files: spec.files });

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
    return boost ? bringUp.boosted(agentId, version, started) : bringUp.ready(agentId, version, started);
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
      return engine.can.shareCpus
        ? bringUp.boosted(agentId, version, started)
        : bringUp.ready(agentId, version, started);
    },
    async resume(agentId, { version, container }, signal) {
      const startedAt = clock.monotonic();
      if (!(await engine.unpauseContainer(container.id))) return false;
      await bringUp.untilReady(agentId, version, { container, startedAt, signal, timeoutMs });
      return true;
    },
    adoptPaused(agentId, version, container) {
      limitAdopted(version, container);
      return bringUp.instanceIn(agentId, version, {
        container,
        isFresh: false,
        replica: container.identity?.replica,
      });
    },
    async adopt(agentId, version, container) {
      limitAdopted(version, container);
      return bringUp.ready(agentId, version, {
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
