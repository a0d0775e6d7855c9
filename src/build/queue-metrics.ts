import type { Metrics } from "../metrics/metrics.ts";
import type { BuildQueue } from "./queue.ts";

/** How many builds run, and how many wait. */
export type BuildCounts = { running: number; waiting: number };

/** The same queue, whose builds can be read, also as metrics. */
export function measuredQueue(queue: BuildQueue, { read }: Metrics): BuildQueue & { builds(): BuildCounts } {
  let running = 0;
  let waiting = 0;
  read(
    {
      name: "oken_builds",
      help: "Builds that run, and builds that wait.",
      labels: ["state"],
      type: "gauge",
    },
    () => [
      [{ state: "running" }, running],
      [{ state: "waiting" }, waiting],
    ],
  );
  return {
    builds: () => ({ running, waiting }),
    async run(turn, work) {
      waiting += 1;
      let isWaiting = true;
      const leave = () => {
        if (isWaiting) waiting -= 1;
        isWaiting = false;
      };
      try {
        return await queue.run(turn, async () => {
          leave();
          running += 1;
          try {
            return await work();
          } finally {
            running -= 1;
          }
        });
      } finally {
        leave();
      }
    },
  };
}
