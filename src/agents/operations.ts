import { RunnerError } from "../lib/errors.ts";

export type OperationName = "deploy" | "rollback" | "start" | "stop" | "removal" | "move" | "clean-up";

/** The later operations that make an operation pointless. */
const ENDED_BY: Record<OperationName, readonly OperationName[]> = {
  deploy: ["deploy", "rollback", "start", "stop", "removal"],
  rollback: ["deploy", "rollback", "start", "stop", "removal"],
  start: ["deploy", "rollback", "stop", "removal"],
  stop: [],
  removal: [],
  move: ["deploy", "rollback", "stop", "removal"],
  "clean-up": [],
};

const IN_WORDS: Record<OperationName, string> = {
  deploy: "a newer deploy",
  rollback: "a rollback",
  start: "a start",
  stop: "a stop",
  removal: "a removal",
  move: "a move",
  "clean-up": "a clean-up",
};

/**
 * Runs the operations on one agent one after the other, so that the last one holds. A new one ends the earlier ones that
 * it makes pointless, with DEPLOY_CONFLICT, and waits until they have cleaned up.
 */
export type Operations = {
  run<T>(agentId: string, options: OperationOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** How many operations of this name run or wait. */
  underWay(name: OperationName): number;
  /** Whether any operation on the agent, or on any agent, runs or waits. */
  isBusy(agentId?: string): boolean;
};

export type OperationOptions = {
  name: OperationName;
  /** Ends the operation from outside. */
  signal?: AbortSignal | undefined;
};

type Entry = { name: OperationName; controller: AbortController; done: Promise<void> };

/** No operation begins before `gate` resolves: until then the runner does not know what runs. */
export function createOperations(gate: Promise<void> = Promise.resolve()): Operations {
  const underWay = new Map<string, Entry[]>();
  return {
    async run(agentId, { name, signal: outside }, work) {
      const before = underWay.get(agentId) ?? [];
      for (const entry of before) {
        if (ENDED_BY[entry.name].includes(name)) entry.controller.abort(superseded(entry.name, name));
      }
      const controller = new AbortController();
      const { promise: done, resolve: finish } = Promise.withResolvers<void>();
      const own: Entry = { name, controller, done };
      underWay.set(agentId, [...before, own]);
      const signal =
        outside === undefined ? controller.signal : AbortSignal.any([controller.signal, outside]);
      try {
        await before.at(-1)?.done;
        await gate;
        signal.throwIfAborted();
        return await work(signal);
      } finally {
        const left = underWay.get(agentId)?.filter((entry) => entry !== own) ?? [];
        if (left.length === 0) underWay.delete(agentId);
        else underWay.set(agentId, left);
        finish();
      }
    },
    isBusy: (agentId) => (agentId === undefined ? underWay.size > 0 : underWay.has(agentId)),
    underWay: (name) => [...underWay.values()].flat().filter((entry) => entry.name === name).length,
  };
}

function superseded(name: OperationName, by: OperationName): RunnerError {
  return new RunnerError(
    "DEPLOY_CONFLICT",
    `This ${name} was superseded by ${IN_WORDS[by]} of the same agent.`,
  );
}
