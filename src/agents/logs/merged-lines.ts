import type { LogLine } from "../../model/api-logs.ts";

/** The lines of several logs by their times. One without a time stays behind the line before it. */
export function inOrder(logs: LogLine[][]): LogLine[] {
  const [only = [], ...others] = logs;
  if (others.length === 0) return only;
  const timed = logs.flatMap((lines) => {
    let last = "";
    return lines.map((line) => ({ line, time: (last = line.time ?? last) }));
  });
  // Of the same form, so that they compare as text.
  return timed
    .sort((one, other) => (one.time < other.time ? -1 : Number(one.time > other.time)))
    .map(({ line }) => line);
}

/** Tells of each further source as it comes. Gives how to take that back. */
export type Joining<T> = (join: (source: AsyncIterable<T>) => void) => () => void;

/**
 * The items of several sources as they come, until all have ended; of those too that join before that. Rejects as soon
 * as one does.
 */
export async function* asTheyCome<T>(sources: AsyncIterable<T>[], joining?: Joining<T>): AsyncGenerator<T> {
  const open = new Set<AsyncIterator<T>>();
  const come: Next<T>[] = [];
  let failure: { error: unknown } | undefined;
  let more = Promise.withResolvers<void>();
  // Each is asked once, and answers here: a race would leave a trace in those that are silent with every item.
  const ask = (source: AsyncIterator<T>) => {
    const answer = source.next().then(
      (result) => void come.push({ source, result }),
      (error: unknown) => void (failure ??= { error }),
    );
    void answer.then(() => more.resolve());
  };
  const join = (source: AsyncIterable<T>) => {
    const joined = source[Symbol.asyncIterator]();
    open.add(joined);
    ask(joined);
  };
  sources.forEach(join);
  const leave = joining?.(join);
  try {
    while (open.size > 0) {
      if (failure !== undefined) throw failure.error;
      const next = come.shift();
      if (next === undefined) {
        await more.promise;
        more = Promise.withResolvers<void>();
      } else if (next.result.done === true) open.delete(next.source);
      else {
        ask(next.source);
        yield next.result.value;
      }
    }
  } finally {
    leave?.();
    // One that waits for its next item ends when it comes, or by its own signal.
    for (const source of open) source.return?.().catch(() => undefined);
  }
}

type Next<T> = { source: AsyncIterator<T>; result: IteratorResult<T> };
