import type { Engine, OutputLine } from "../../docker/types.ts";
import { isContinued } from "../../instance/log-lines.ts";

/** How many more lines of the engine are asked for when too few are beginnings. */
const GROWTH = 4;

/** Reads so many lines as they were printed. The runtime writes a long one as several, which count as one. */
export function printedLines(read: Engine["logs"]): Engine["logs"] {
  return async (container, tail) => {
    for (let asked = tail; ; asked *= GROWTH) {
      const lines = await read(container, asked);
      const start = startOf(lines, tail);
      if (start !== undefined) return lines.slice(start);
      if (lines.length < asked) return lines;
    }
  };
}

/** Where the last `tail` lines begin; undefined if there are fewer. */
function startOf(lines: OutputLine[], tail: number): number | undefined {
  let found = 0;
  for (let at = lines.length - 1; at >= 0; at -= 1) {
    const line = lines[at];
    if (line !== undefined && !isContinued(line)) found += 1;
    if (found === tail) return at;
  }
  return undefined;
}
