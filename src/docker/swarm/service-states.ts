import { type Static, Type } from "@sinclair/typebox";

import { isNoSuchObject } from "../errors.ts";
import type { DockerExec } from "../exec.ts";
import { LABEL, parseIdentity } from "../labels.ts";
import { linesOf } from "../lines.ts";
import { readJson } from "../read-json.ts";
import { steadyLook } from "../steady-look.ts";
import type { Engine } from "../types.ts";
import type { ContainerState, ListedContainer, RunningContainer } from "../workload.ts";
import * as args from "./service-args.ts";
import type { NodeAddresses } from "./node-addresses.ts";
import { current } from "./until-running.ts";
import { TERMINATED, type Task, type Tasks, hasEnded, isWanted } from "./tasks.ts";

/** Whoever is given a task's id has all of it: those of services and tasks have no dash, and names have one. */
const ID = /^[0-9a-z]{25}$/;

const Service = Type.Object({
  id: Type.String(),
  name: Type.String(),
  labels: Type.Union([Type.Record(Type.String(), Type.String()), Type.Null()]),
  resources: Type.Object({ Limits: Type.Optional(Type.Object({ NanoCPUs: Type.Optional(Type.Integer()) })) }),
});
type Service = Static<typeof Service>;

export type ServiceStates = Pick<Engine, "inspectContainer" | "listContainers" | "agentsOfAll"> & {
  /** The name of a service, by that, by its id or by the id of the task that counts; undefined for one that does not. */
  serviceOf(reference: string): Promise<string | undefined>;
  toRunning(service: string, task: Task): Promise<RunningContainer>;
};

type StateParts = { exec: Pick<DockerExec, "run">; tasks: Tasks; nodes: NodeAddresses; runnerId: string };

/** Services and their tasks as the containers that they stand for. */
export function createServiceStates({ exec, tasks, nodes, runnerId }: StateParts): ServiceStates {
  async function find(services: string[]): Promise<Service[]> {
    const argv = args.inspectServicesArgs(services);
    const lines = linesOf(await exec.run(argv));
    return lines.map((output) => readJson(Service, { args: argv, output }));
  }

  const idsOf = async (argv: string[]) => linesOf(await exec.run(argv));

  async function toRunning(name: string, task: Task): Promise<RunningContainer> {
    const node = task.nodeId === "" ? undefined : await nodes.find(task.nodeId);
    return {
      ...{ id: task.id, name, address: node?.address ?? "", ports: task.ports },
      ...{ node: node?.name, nodeId: node?.id },
    };
  }

  /** The swarm gives up what runs there, and knows no more of it. */
  async function isOnLostNode(task: Task): Promise<boolean> {
    if (isWanted(task) || hasEnded(task) || task.nodeId === "") return false;
    return nodes.isLost(task.nodeId);
  }

  async function toState(service: Service, found: Task[]): Promise<ContainerState & ListedContainer> {
    const task = current(found);
    const container =
      task === undefined
        ? { id: service.id, name: service.name, address: "" }
        : await toRunning(service.name, task);
    const isLost = task !== undefined && (await isOnLostNode(task));
    return {
      ...container,
      running: task !== undefined && !hasEnded(task) && !isLost,
      ...(isLost ? { isLost } : {}),
      paused: false,
      // One that sleeps was told to end.
      exitCode: task === undefined ? TERMINATED : 0,
      oomKilled: false,
      startedAt: "",
      identity: parseIdentity(service.labels ?? {}),
      cpus: (service.resources.Limits?.NanoCPUs ?? 0) / 1e9 || undefined,
    };
  }

  return {
    toRunning,

    async serviceOf(reference) {
      if (!ID.test(reference)) return reference;
      const task = await tasks.inspect(reference);
      const serviceId = task?.serviceId ?? reference;
      const now = current(await tasks.ofService(serviceId).catch(noneIfMissing));
      if (task !== undefined && now?.id !== reference) return undefined;
      const [service] = await find([serviceId]).catch(noneIfMissing);
      return service?.name;
    },

    async inspectContainer(reference) {
      const [service] = await find([reference]).catch(noneIfMissing);
      if (service === undefined) return undefined;
      const found = await tasks.ofService(service.id).catch(noneIfMissing);
      const state = await toState(service, found);
      const task = current(found);
      const ran = task === undefined ? undefined : await tasks.inspect(task.id);
      return ran === undefined
        ? state
        : { ...state, exitCode: Math.max(0, ran.exitCode), startedAt: ran.since };
    },

    listContainers: () =>
      steadyLook(async () => {
        const ids = await idsOf(args.listServicesArgs(runnerId));
        if (ids.length === 0) return [];
        const [services, all] = await Promise.all([find(ids), tasks.all({ onlyWanted: false })]);
        const byService = Map.groupBy(all, ({ serviceId }) => serviceId);
        return Promise.all(services.map((service) => toState(service, byService.get(service.id) ?? [])));
      }),

    async agentsOfAll() {
      const services = await steadyLook(async () => {
        const ids = await idsOf(args.listAllServicesArgs());
        return ids.length === 0 ? [] : find(ids);
      });
      return services.map(({ labels }) => ({
        runnerId: labels?.[LABEL.runner] ?? "",
        agentId: labels?.[LABEL.agent] ?? "",
      }));
    },
  };
}

function noneIfMissing(error: unknown): [] {
  if (!isNoSuchObject(error)) throw error;
  return [];
}
