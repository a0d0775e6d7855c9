import type { Engine, OutputLine } from "../../docker/types.ts";

type Waiting = { lines: Promise<OutputLine[]>; begin: () => void };

/**
 * Reads at most `most` logs at a time: each is held in memory until it is answered. Who asks for the same as somebody
 * who waits gets the same.
 */
export function fewAtATime(read: Engine["logs"], most: number): Engine["logs"] {
  const waiting = new Map<string, Waiting>();
  let running = 0;

  async function run(container: string, tail: number): Promise<OutputLine[]> {
    running += 1;
    try {
      return await read(container, tail);
    } finally {
      running -= 1;
      const [next] = waiting;
      if (next !== undefined) {
        waiting.delete(next[0]);
        next[1].begin();
      }
    }
  }

  return (container, tail) => {
    if (running < most) return run(container, tail);
    const key = `${container} ${tail}`;
    const known = waiting.get(key);
    if (known !== undefined) return known.lines;
    const turn = Promise.withResolvers<void>();
    const lines = turn.promise.then(() => run(container, tail));
    waiting.set(key, { lines, begin: turn.resolve });
    return lines;
  };
}
