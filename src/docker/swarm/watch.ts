import type { Clock } from "../../lib/clock.ts";
import type { EngineEvent } from "../workload.ts";
import type { NodeAddresses } from "./node-addresses.ts";
import type { Runs } from "./runs.ts";
import { SIGTERM, TERMINATED, type Task, type Tasks, exitCodeOf, hasEnded, isWanted } from "./tasks.ts";

/** Pause between two looks, milliseconds: a swarm tells nobody of its tasks. A look is a process of 30 ms. */
const LOOK_MS = 500;

/** While nothing runs, which only an operator could change unseen, one look in so many is taken. */
const QUIET_LOOKS = 10;

/** Exit code where a node has said nothing of one. */
const UNKNOWN_EXIT = 1;

export type Watch = {
  events(options: { signal: AbortSignal }): AsyncIterable<EngineEvent>;
  /** Resolves when a task does not run any more; rejects with the signal's reason, and when the swarm does not answer. */
  untilEnded(task: Task, signal: AbortSignal): Promise<void>;
};

type Listener = { tell(events: EngineEvent[]): void; fail(error: unknown): void };

type WatchParts = { tasks: Pick<Tasks, "all">; nodes: NodeAddresses; runs: Runs; clock: Clock };

/** Looks at the tasks as long as somebody listens, and tells all of them the same. */
export function createWatch(parts: WatchParts): Watch {
  const { runs, clock } = parts;
  const listeners = new Set<Listener>();
  /** Those whose end the swarm has begun, which was told. */
  const stopping = new Set<string>();
  let isLooking = false;

  async function look(): Promise<void> {
    if (isLooking) return;
    isLooking = true;
    try {
      for (let round = 0; listeners.size > 0; round += 1) {
        const isQuiet = runs.all().length === 0 && round % QUIET_LOOKS !== 0;
        const events = isQuiet ? [] : await changes(parts, stopping);
        if (events.length > 0) for (const listener of listeners) listener.tell(events);
        await clock.sleep(LOOK_MS);
      }
    } catch (error) {
      for (const listener of listeners) listener.fail(error);
      listeners.clear();
    } finally {
      isLooking = false;
    }
  }

  function listen(listener: Listener): () => void {
    listeners.add(listener);
    void look();
    return () => void listeners.delete(listener);
  }

  return {
    async *events({ signal }) {
      const told: EngineEvent[] = [];
      let more = Promise.withResolvers<void>();
      let failure: { error: unknown } | undefined;
      const fail = (error: unknown) => {
        failure ??= { error };
        more.resolve();
      };
      const leave = listen({
        tell(events) {
          told.push(...events);
          more.resolve();
        },
        fail,
      });
      const onAbort = () => fail(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
      if (signal.aborted) onAbort();
      try {
        for (;;) {
          for (let event = told.shift(); event !== undefined; event = told.shift()) yield event;
          if (failure !== undefined) throw failure.error;
          await more.promise;
          more = Promise.withResolvers<void>();
        }
      } finally {
        signal.removeEventListener("abort", onAbort);
        leave();
      }
    },

    async untilEnded(task, signal) {
      runs.begun(task);
      const ended = Promise.withResolvers<void>();
      const leave = listen({
        tell: () => {
          if (!runs.has(task.id)) ended.resolve();
        },
        fail: ended.reject,
      });
      const onAbort = () => ended.reject(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
      if (signal.aborted) onAbort();
      try {
        await ended.promise;
      } finally {
        signal.removeEventListener("abort", onAbort);
        leave();
      }
    },
  };
}

/** What has happened since the last look, in one process, and in another one if a task is not wanted any more. */
async function changes({ tasks, nodes, runs }: WatchParts, stopping: Set<string>): Promise<EngineEvent[]> {
  // One that has ended may be wanted a little longer.
  const wanted = (await tasks.all({ onlyWanted: true })).filter((task) => !hasEnded(task));
  for (const task of wanted) if (task.state === "running") runs.begun(task);
  const here = new Set(wanted.map(({ id }) => id));
  const missing = runs.all().filter(({ id }) => !here.has(id));
  if (missing.length === 0) return [];
  const now = new Map((await tasks.all({ onlyWanted: false })).map((task) => [task.id, task]));
  const told = await Promise.all(
    missing.map(async (task) => {
      const events = await endOf(task, now.get(task.id), { nodes, stopping });
      if (events.some(({ type }) => type !== "signal")) {
        runs.ended(task.id);
        stopping.delete(task.id);
      }
      return events;
    }),
  );
  return told.flat();
}

/** What is told of a task that ran. */
async function endOf(
  { id, nodeId }: Task,
  now: Task | undefined,
  { nodes, stopping }: { nodes: NodeAddresses; stopping: Set<string> },
): Promise<EngineEvent[]> {
  if (now !== undefined && !hasEnded(now)) {
    if (isWanted(now)) return [];
    if (await nodes.isLost(nodeId)) {
      const node = await nodes.find(nodeId);
      return [{ type: "node-lost", id, node: node?.name ?? nodeId }];
    }
    return stopped(id, stopping);
  }
  const exitCode = now === undefined ? undefined : exitCodeOf(now);
  // Ended by itself, unless the swarm was told to end it.
  if (
    now !== undefined &&
    ["complete", "failed"].includes(now.state) &&
    !stopping.has(id) &&
    now.desired !== "remove"
  )
    return [{ type: "exit", id, exitCode: exitCode ?? UNKNOWN_EXIT }];
  return [...stopped(id, stopping), { type: "exit", id, exitCode: exitCode ?? TERMINATED }];
}

function stopped(id: string, stopping: Set<string>): EngineEvent[] {
  if (stopping.has(id)) return [];
  stopping.add(id);
  return [{ type: "signal", id, signal: SIGTERM }];
}
