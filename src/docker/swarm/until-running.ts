import type { Clock } from "../../lib/clock.ts";
import { RunnerError } from "../../lib/errors.ts";
import { taskError } from "../errors.ts";
import { type Task, type Tasks, exitCodeOf, hasEnded, isWanted } from "./tasks.ts";

/** Deadline of a start, milliseconds: a node without the base image fetches it first, which took 16 s. */
const START_MS = 60_000;

/** Pause between two looks at a task that starts, milliseconds. A look is a process of 20 ms. */
const LOOK_MS = 50;

/** How long a task may wait for a node with room, milliseconds: what has just been stopped leaves after two seconds. */
const NO_NODE_MS = 5_000;

export type AwaitedRun = {
  service: string;
  /** Tasks of earlier runs. */
  before: ReadonlySet<string>;
  ports: number[];
};

/**
 * The new task of a service, once it runs and its ports are known, or has run and ended: its program is then asked why.
 * Rejects in the swarm's words when it cannot run.
 */
export async function untilRunning(
  { tasks, clock }: { tasks: Pick<Tasks, "ofService">; clock: Clock },
  { service, before, ports }: AwaitedRun,
): Promise<Task> {
  const begun = clock.monotonic();
  let withoutNodeSince: number | undefined;
  for (;;) {
    const task = current((await tasks.ofService(service)).filter(({ id }) => !before.has(id)));
    const now = clock.monotonic();
    if (task !== undefined && isThere(task, ports)) return task;
    const isWithoutNode = task?.state === "pending" && task.error !== "";
    withoutNodeSince = isWithoutNode ? (withoutNodeSince ?? now) : undefined;
    if (task !== undefined && now - (withoutNodeSince ?? now) >= NO_NODE_MS) throw taskError(task.error);
    if (now - begun >= START_MS) throw tooLate(service, task);
    await clock.sleep(LOOK_MS);
  }
}

/** The one that counts of a service's tasks, the newest first. */
export function current(found: Task[]): Task | undefined {
  return found.find(isWanted) ?? found[0];
}

function isThere(task: Task, ports: number[]): boolean {
  if (!hasEnded(task)) return task.state === "running" && ports.every((port) => port in task.ports);
  if (exitCodeOf(task) === undefined)
    throw taskError(task.error === "" ? `its task is ${task.state}` : task.error);
  return true;
}

function tooLate(service: string, task: Task | undefined): RunnerError {
  const what = task === undefined ? "it has made no task" : `its task is ${task.state}`;
  const why = task?.error ? ` (${task.error})` : "";
  return new RunnerError(
    "CONTAINER_ERROR",
    `The swarm did not start ${service} within ${START_MS / 1000} s: ${what}${why}.`,
    { details: { reason: "timeout" } },
  );
}
