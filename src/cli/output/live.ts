import { createLogUpdate } from "log-update";

import type { Output } from "./output.ts";

/** Lines at the end of a terminal that are written anew. */
export type LiveArea = {
  show: (lines: readonly string[]) => void;
  /** Writes a line above, which stays. */
  keep: (line: string) => void;
  clear: () => void;
};

export function createLiveArea(output: Output): LiveArea {
  const update = createLogUpdate(output.stream);
  const clear = () => {
    update.clear();
    update.done();
  };
  return {
    show: (lines) => update(lines.map((line) => Bun.sliceAnsi(line, 0, output.columns - 1, "…")).join("\n")),
    keep(line) {
      clear();
      output.line(line);
    },
    clear,
  };
}
