import type { RunnerError } from "../errors.ts";

/**
 * One operation on an agent at a time, in the order they came. A new one ends those before it that may be superseded
 * (a deploy), and waits until they have cleaned up.
 */
export type Operations = {
  run<T>(agentId: string, options: OperationOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
};

export type OperationOptions = {
  /** True for a deploy: whatever comes after it makes it pointless. */
  supersedable: boolean;
  /** What those that this one ends are told. */
  supersedes: () => RunnerError;
  /** Ends the operation from outside. */
  signal?: AbortSignal | undefined;
};

type Entry = { supersedable: boolean; controller: AbortController; done: Promise<void> };

/** No operation begins before `gate`: until then it is not known what runs. */
export function createOperations(gate: Promise<void> = Promise.resolve()): Operations {
  const last = new Map<string, Entry>();
  return {
    async run(agentId, options, work) {
      const previous = last.get(agentId);
      if (previous?.supersedable) previous.controller.abort(options.supersedes());
      const controller = new AbortController();
      const { promise: done, resolve: finish } = Promise.withResolvers<void>();
      const entry: Entry = { supersedable: options.supersedable, controller, done };
      last.set(agentId, entry);
      const signal =
        options.signal === undefined
          ? controller.signal
          : AbortSignal.any([controller.signal, options.signal]);
      try {
        await previous?.done;
        await gate;
        signal.throwIfAborted();
        return await work(signal);
      } finally {
        if (last.get(agentId) === entry) last.delete(agentId);
        finish();
      }
    },
  };
}
