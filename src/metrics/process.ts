import type { Metrics } from "./metrics.ts";
import { BUILD } from "../lib/build.ts";
import { observeFiles } from "./files.ts";

/** How often the event loop's delay is measured, milliseconds. */
const LOOP_INTERVAL_MS = 100;

/**
 * Adds figures of this process, under the usual names of Prometheus clients, and of its event loop. prom-client's own
 * set does not fit Bun: it reports V8's heap, leaves out the CPU time before its start, and sets a timer every 10 ms.
 */
export function observeProcess(metrics: Metrics, dataDir: string): Disposable {
  const { read, eventLoopDelay } = metrics;
  const { version, commit, target } = BUILD;
  read(
    {
      name: "oken_build_info",
      help: "Which runner this is.",
      labels: ["version", "commit", "target"],
      type: "gauge",
    },
    () => [[{ version, commit, target }, 1]],
  );
  observeFiles(metrics, dataDir);
  read(
    {
      name: "process_start_time_seconds",
      help: "Start of the process, in seconds since the epoch.",
      labels: [],
      type: "gauge",
    },
    () => [[{}, performance.timeOrigin / 1000]],
  );
  read(
    {
      name: "process_resident_memory_bytes",
      help: "Memory that the process holds.",
      labels: [],
      type: "gauge",
    },
    () => [[{}, process.memoryUsage.rss()]],
  );
  read(
    {
      name: "process_cpu_seconds_total",
      help: "CPU time of the process, user and system.",
      labels: [],
      type: "counter",
    },
    () => {
      const { user, system } = process.cpuUsage();
      return [[{}, (user + system) / 1e6]];
    },
  );

  let due = performance.now() + LOOP_INTERVAL_MS;
  const timer = setInterval(() => {
    const now = performance.now();
    eventLoopDelay.observe({}, Math.max(0, now - due) / 1000);
    due = now + LOOP_INTERVAL_MS;
  }, LOOP_INTERVAL_MS);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
