import { createHash } from "node:crypto";

import { Type } from "@sinclair/typebox";

import { allDone } from "../../lib/all-done.ts";
import type { Clock } from "../../lib/clock.ts";
import { RunnerError } from "../../lib/errors.ts";
import { SWARM_CAN } from "../abilities.ts";
import { isAlreadyExists, isWithoutNode, undefinedIfNoSuchObject } from "../errors.ts";
import type { DockerExec } from "../exec.ts";
import { readJson } from "../read-json.ts";
import type { ContainerSpec, RunningContainer, Workload } from "../workload.ts";
import { avoidUpdateArgs, constraintsArgs } from "./chosen-nodes.ts";
import { inSequence } from "./in-sequence.ts";
import * as args from "./service-args.ts";
import type { KeptLogs } from "./logs.ts";
import type { NodeAddresses } from "./node-addresses.ts";
import type { Runs } from "./runs.ts";
import type { ServiceFiles } from "./service-files.ts";
import type { ServiceStates } from "./service-states.ts";
import type { Spread } from "./spread.ts";
import { untilRunning } from "./until-running.ts";
import { type Task, type Tasks, hasEnded, isWanted } from "./tasks.ts";
import { untilStopped } from "./until-stopped.ts";
import { explained, placementIn } from "./without-node.ts";

const Constraints = Type.Union([Type.Array(Type.String()), Type.Null()]);

type Services = ServiceStarts &
  Pick<
    Workload,
    | "can"
    | "containerFingerprint"
    | "pauseContainer"
    | "unpauseContainer"
    | "stopContainer"
    | "removeContainer"
    | "limitCpus"
    | "boostCpus"
    | "deferCpus"
    | "cpuTimes"
    | "usage"
  >;

export type ServiceStarts = Pick<Workload, "startContainer"> & {
  restartContainer(
    spec: Parameters<Workload["restartContainer"]>[0],
    options?: args.WakeOptions,
  ): ReturnType<Workload["restartContainer"]>;
};

export type ServiceParts = {
  exec: Pick<DockerExec, "run">;
  tasks: Tasks;
  nodes: NodeAddresses;
  states: Pick<ServiceStates, "serviceOf" | "toRunning">;
  files: ServiceFiles;
  runs: Runs;
  keptLogs: KeptLogs;
  spread: Spread;
  clock: Clock;
  /** The ids of nodes on which none may start; rejects unless there are others. `image` is that of an agent. */
  admit(image: string): Promise<string[]>;
  listNodes: Workload["nodes"];
};

/**
 * A service for each container, of one task that runs or of none: a swarm does not let one say which of several tasks
 * goes. It keeps the name of the container while its tasks come and go, each with an id of its own.
 */
export function createServices(parts: ServiceParts, settings: args.ServiceSettings): Services {
  const { exec, tasks, nodes, states, files, runs, keptLogs, clock } = parts;

  async function create(spec: ContainerSpec, chosen: Pick<args.ServiceSettings, "avoided" | "nodeId">) {
    const argv = args.createServiceArgs(spec, { ...settings, ...chosen });
    await files.during(spec, () => exec.run(argv));
  }

  async function run(
    service: string,
    { ports, before }: { ports: number[]; before: Task[] },
  ): Promise<RunningContainer> {
    const known = new Set(before.map(({ id }) => id));
    const task = await untilRunning({ tasks, clock }, { service, ports, before: known });
    runs.begun(task);
    return states.toRunning(service, task);
  }

  async function constraintsOf(service: string): Promise<string[]> {
    const argv = constraintsArgs(service);
    return readJson(Constraints, { args: argv, output: await exec.run(argv) }) ?? [];
  }

  const change = (argv: string[]) => inSequence(() => exec.run(argv));

  async function remove(reference: string): Promise<void> {
    const service = await states.serviceOf(reference);
    if (service === undefined) return;
    const own = await files.of(service);
    await exec.run(args.removeServiceArgs(service)).catch(undefinedIfNoSuchObject);
    await allDone([files.remove(own), keptLogs.remove(service)]);
  }

  /** With what is wrong with the nodes, where there was none for it. */
  async function whyNot(failure: unknown, wanted: Parameters<typeof explained>[2]): Promise<unknown> {
    if (!isWithoutNode(failure)) return failure;
    return explained(failure, await parts.listNodes().catch(() => []), wanted);
  }

  /** What a start that failed or was cut off has left of its files. */
  async function removeLeftovers(spec: ContainerSpec): Promise<void> {
    await remove(spec.name);
    await files.remove(files.leftBy(spec));
  }

  return {
    can: SWARM_CAN,
    async startContainer(spec) {
      const avoided = await parts.admit(spec.image);
      return parts.spread
        .during(spec, avoided, async (nodeId) => {
          try {
            await create(spec, { avoided, nodeId }).catch(async (error: unknown) => {
              if (!isAlreadyExists(error)) throw error;
              await removeLeftovers(spec);
              await create(spec, { avoided, nodeId });
            });
            return await run(spec.name, { ports: spec.ports, before: [] });
          } catch (error) {
            await removeLeftovers(spec);
            throw error;
          }
        })
        .catch(async (error: unknown) => {
          throw await whyNot(error, { avoided, placement: spec.placement ?? {} });
        });
    },

    async containerFingerprint(spec) {
      const argv = args.createServiceArgs(spec, settings);
      return createHash("sha256").update(JSON.stringify(argv)).digest("hex");
    },

    async restartContainer({ name, image, ports }, options) {
      const [avoided, before, constraints] = await allDone([
        parts.admit(image),
        tasks.ofService(name).catch(undefinedIfNoSuchObject),
        constraintsOf(name).catch(undefinedIfNoSuchObject),
      ]);
      if (before === undefined || constraints === undefined) return undefined;
      const running = before.find((task) => isWanted(task) && task.state === "running");
      if (running !== undefined) return states.toRunning(name, running);
      await change(args.wakeServiceArgs(name, avoidUpdateArgs(constraints, avoided), options));
      return run(name, { ports, before }).catch(async (error: unknown) => {
        // Or the swarm would start it whenever it can, and nobody would know.
        await change(args.sleepServiceArgs(name)).catch(undefinedIfNoSuchObject);
        throw await whyNot(error, { avoided, placement: placementIn(constraints) });
      });
    },

    async stopContainer(reference) {
      const service = await states.serviceOf(reference);
      const found =
        service === undefined ? undefined : await tasks.ofService(service).catch(undefinedIfNoSuchObject);
      if (service === undefined || found === undefined) return;
      await using keeping = new AsyncDisposableStack();
      keeping.use(await keptLogs.keep(service, { isRunning: found.some((task) => !hasEnded(task)) }));
      await change(args.sleepServiceArgs(service)).catch(undefinedIfNoSuchObject);
      await untilStopped({ tasks, nodes, clock }, service);
    },

    removeContainer: remove,

    pauseContainer: async () => {
      throw new RunnerError("CONTAINER_ERROR", "A swarm cannot pause a container.");
    },
    unpauseContainer: async () => false,
    limitCpus: async () => undefined,
    boostCpus: async () => undefined,
    deferCpus: async () => undefined,
    cpuTimes: async () => ({}),
    usage: async () => undefined,
  };
}
