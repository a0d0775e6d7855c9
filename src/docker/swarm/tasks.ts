import { Type } from "@sinclair/typebox";

import type { DockerExec } from "../exec.ts";
import { isNoSuchObject } from "../errors.ts";
import { readJson } from "../read-json.ts";
import { inspectTaskArgs, runnerTasksArgs, serviceTasksArgs } from "./service-args.ts";

/** One run of a service, on a node. */
export type Task = {
  id: string;
  serviceId: string;
  /** Empty until the swarm has chosen a node. */
  nodeId: string;
  /** What is wanted of it: `running` and `ready` of those that are to run. */
  desired: string;
  state: string;
  /** Those on the node, by those inside. */
  ports: Record<number, number>;
  /** Why it does not run. */
  error: string;
};

/** What a task's end leaves of it. */
export type InspectedTask = {
  serviceId: string;
  desired: string;
  state: string;
  exitCode: number;
  /** ISO 8601: since when it has this state. */
  since: string;
};

const Inspected = Type.Object({
  service: Type.String(),
  desired: Type.String(),
  status: Type.Object({
    Timestamp: Type.String(),
    State: Type.String(),
    ContainerStatus: Type.Optional(Type.Object({ ExitCode: Type.Optional(Type.Integer()) })),
  }),
});

export const SIGTERM = 15;

/** Exit code of a program that SIGTERM has ended: the swarm keeps none of those that it was told to end. */
export const TERMINATED = 128 + SIGTERM;

/** States of a task in which its container does not run, and never will again. */
const ENDED: ReadonlySet<string> = new Set([
  "complete",
  "failed",
  "rejected",
  "shutdown",
  "orphaned",
  "remove",
]);

export type Tasks = {
  /** Of one service, the newest first. Rejects if there is no such service. */
  ofService(service: string): Promise<Task[]>;
  /** All that are there of this runner's services, or those that are wanted to run. */
  all(options: { onlyWanted: boolean }): Promise<Task[]>;
  /** Undefined if there is none. */
  inspect(id: string): Promise<InspectedTask | undefined>;
};

export function createTasks(exec: Pick<DockerExec, "run">, runnerId: string): Tasks {
  return {
    ofService: async (service) => readTasks(await exec.run(serviceTasksArgs(service))),
    async all(options) {
      const output = await exec.run(runnerTasksArgs(runnerId, options)).catch((error: unknown) => {
        // So the CLI says that there are none.
        if (isNoSuchObject(error)) return "";
        throw error;
      });
      return readTasks(output);
    },
    async inspect(id) {
      const args = inspectTaskArgs(id);
      const output = await exec.run(args).catch((error: unknown) => {
        if (isNoSuchObject(error)) return undefined;
        throw error;
      });
      if (output === undefined) return undefined;
      const { service, desired, status } = readJson(Inspected, { args, output });
      return {
        serviceId: service,
        desired,
        state: status.State,
        exitCode: status.ContainerStatus?.ExitCode ?? 0,
        since: status.Timestamp,
      };
    },
  };
}

export function hasEnded({ state }: Pick<Task, "state">): boolean {
  return ENDED.has(state);
}

/** Whether the swarm goes on with it, or means to. */
export function isWanted({ desired }: Pick<Task, "desired">): boolean {
  return desired === "running" || desired === "ready";
}

/** The lines of a list of tasks. */
export function readTasks(output: string): Task[] {
  return output.split("\n").flatMap((line) => {
    const [id = "", name = "", nodeId = "", desired = "", current = "", ports = "", ...error] =
      line.split("\t");
    if (id === "" || name === "") return [];
    return [
      {
        id,
        serviceId: name.replace(/\.\d+$/, ""),
        nodeId,
        desired: desired.toLowerCase(),
        // `Running 3 seconds ago`
        state: (current.split(" ")[0] ?? "").toLowerCase(),
        ports: readPorts(ports),
        error: error.join("\t").replace(/^"(.*)"$/s, "$1"),
      },
    ];
  });
}

/** The exit code in the words of a failed task; undefined where its program was not started. */
export function exitCodeOf({ state, error }: Pick<Task, "state" | "error">): number | undefined {
  if (state === "complete") return 0;
  const said = /non-zero exit \((\d+)\)/.exec(error)?.[1];
  return said === undefined ? undefined : Number(said);
}

/** Such as `*:32768->8081/tcp,*:32769->8080/tcp`. */
function readPorts(text: string): Record<number, number> {
  const found = [...text.matchAll(/:(\d+)->(\d+)\/tcp/g)];
  return Object.fromEntries(found.map(([, published, target]) => [Number(target), Number(published)]));
}
