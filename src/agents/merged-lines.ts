import type { LogLine } from "../model/api-logs.ts";

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

/** The items of several sources as they come, until all have ended. Rejects as soon as one does. */
export async function* asTheyCome<T>(sources: AsyncIterable<T>[]): AsyncGenerator<T> {
  const [only, ...others] = sources;
  if (only !== undefined && others.length === 0) {
    yield* only;
    return;
  }
  const open = sources.map((source) => source[Symbol.asyncIterator]());
  const coming = new Map(open.map((source) => [source, nextOf(source)]));
  try {
    while (coming.size > 0) {
      const { source, result } = await Promise.race(coming.values());
      if (result.done === true) coming.delete(source);
      else {
        coming.set(source, nextOf(source));
        yield result.value;
      }
    }
  } finally {
    // One that waits for its next item ends when it comes, or by its own signal.
    for (const source of open) source.return?.().catch(() => undefined);
  }
}

type Next<T> = { source: AsyncIterator<T>; result: IteratorResult<T> };

function nextOf<T>(source: AsyncIterator<T>): Promise<Next<T>> {
  const next = source.next().then((result) => ({ source, result }));
  // Nobody may wait for it any more when it fails.
  next.catch(() => undefined);
  return next;
}
