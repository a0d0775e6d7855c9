import type { OutputLine } from "../../docker/types.ts";

/** Lines that are compared. The runtime's have their time, so that one is nearly always enough. */
export const COMPARED = 20;

/**
 * Where `following` goes on after the lines of `past`, which were read by themselves: the number of its lines that
 * `past` has too. Undefined when the two have no line in common.
 */
export function joinLogs(past: OutputLine[], following: OutputLine[]): number | undefined {
  // The order of lines of different streams differs from one reading to the next.
  const stream = past.at(-1)?.stream;
  const wanted = past.filter((line) => line.stream === stream).slice(-COMPARED);
  const places = following.flatMap((line, at) => (line.stream === stream ? [at] : []));
  for (let end = places.length; end > 0; end -= 1) {
    const known = wanted.slice(-end);
    const isSame = known.every(({ text }, at) => {
      const place = places[end - known.length + at];
      return place !== undefined && following[place]?.text === text;
    });
    if (isSame) return (places[end - 1] ?? 0) + 1;
  }
  return undefined;
}
