import type { OpenCall } from "../../model/stats.ts";

/** Calls of one agent that are named; of more only the number is known. */
const MOST_NAMED = 100;

/** Characters of a path that are kept. */
const LONGEST_PATH = 200;

/** The calls of an agent whose answer has begun and has not ended: streams and WebSockets. */
export type OpenCalls = {
  /** How many there are. */
  readonly count: number;
  /** Gives how to take it back, which may be called more than once. */
  add(call: OpenCall): () => void;
  /** Oldest first. */
  named(): OpenCall[];
};

export function createOpenCalls(): OpenCalls {
  const named = new Set<OpenCall>();
  let count = 0;
  return {
    get count() {
      return count;
    },
    add(call) {
      count += 1;
      const entry = named.size < MOST_NAMED ? { ...call, path: call.path.slice(0, LONGEST_PATH) } : undefined;
      if (entry !== undefined) named.add(entry);
      return once(() => {
        count -= 1;
        if (entry !== undefined) named.delete(entry);
      });
    },
    named: () => [...named],
  };
}

function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) work();
    isDone = true;
  };
}
