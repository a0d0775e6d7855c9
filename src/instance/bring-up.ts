import type { Engine, RunningContainer } from "../docker/types.ts";
import type { Clock } from "../lib/clock.ts";
import { messageOf } from "../lib/errors.ts";
import type { Log } from "../lib/log.ts";
import type { VersionRecord } from "../model/agent.ts";
import type { CpuBoost } from "./boost.ts";
import type { ContainerSpecOptions } from "./container-spec.ts";
import { type Instance, createInstance } from "./instance.ts";
import { createLastLines } from "./last-lines.ts";
import { originOf } from "./origin.ts";
import { portsOf } from "./ports.ts";
import type { Readiness, WaitUntilReady } from "./readiness.ts";
import type { Doubt } from "./silence.ts";
import { withLog } from "./start-failure.ts";

export type BringUpOptions = {
  engine: Pick<Engine, "removeContainer" | "logs">;
  spec: ContainerSpecOptions;
  waitUntilReady: WaitUntilReady;
  /** Speaks to the runtime with this origin. */
  runtime: {
    askRestarts(origin: string): Promise<number | undefined>;
    tellDoubt(origin: string, told: { instance: string; doubt: Doubt }): Promise<void>;
  };
  cpuBoost: CpuBoost;
  clock: Clock;
  log: Log;
};

/** A container on its way to ready. */
export type Start = {
  container: RunningContainer;
  replica?: number | undefined;
  isFresh: boolean;
  startedAt: number;
  signal: AbortSignal;
  timeoutMs: number;
  onTrouble?: Readiness["onTrouble"];
};

/** From a container that runs to an instance that serves. On failure the container is gone, and the error has its last lines. */
export type BringUp = {
  untilReady(agentId: string, version: VersionRecord, start: Omit<Start, "isFresh">): Promise<void>;
  ready(agentId: string, version: VersionRecord, start: Start): Promise<Instance>;
  /** Of a container that was started with all of the host's CPUs: it is limited to its own. */
  boosted(agentId: string, version: VersionRecord, start: Start): Promise<Instance>;
  /** At once, for a container that serves already, or will. */
  instanceIn(
    agentId: string,
    version: VersionRecord,
    container: Pick<Start, "container" | "isFresh" | "replica">,
  ): Instance;
};

export function createBringUp(options: BringUpOptions): BringUp {
  const { engine, spec, clock, cpuBoost, log } = options;
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

  return { untilReady, ready, boosted, instanceIn };
}
