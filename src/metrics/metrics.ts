import { RunnerError } from "../lib/errors.ts";
import { createAgentSeries } from "./agent-series.ts";
import { type MetricsRegistry, createMetricsRegistry } from "./prometheus.ts";

/** Buckets of durations, seconds, from the fastest invoke to the default timeout. */
const SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300,
] as const;

export type Metrics = ReturnType<typeof createMetrics>;

/** Fewer for each agent: they are multiplied by the number of agents. */
const AGENT_SECONDS = [0.005, 0.025, 0.1, 0.5, 1, 5, 30, 120] as const;

/** Agents with series of their own, unless the operator says another number. */
const DEFAULT_MAX_AGENTS = 100;

/**
 * What the runner counts. The label `result` is `ok` or an error code. An agent's id is a label only in
 * `agentInvokes` and in what is looked up: every agent that ever was would be a time series.
 */
export function createMetrics({
  registry = createMetricsRegistry(),
  maxAgents = DEFAULT_MAX_AGENTS,
}: { registry?: MetricsRegistry; maxAgents?: number } = {}) {
  const { counter, histogram, read, text } = registry;
  return {
    /** Adds a value that is looked up each time the metrics are read. */
    read,
    /** All metrics in Prometheus' text format. */
    text,

    httpRequests: counter({
      name: "oken_http_requests_total",
      help: "HTTP requests, by route and status. 499: the caller left before the answer.",
      labels: ["method", "route", "status"],
    }),
    httpDurations: histogram({
      name: "oken_http_request_duration_seconds",
      help: "Time of HTTP requests until their answer began, by route.",
      labels: ["method", "route"],
      buckets: SECONDS,
    }),
    errors: counter({
      name: "oken_errors_total",
      help: "Errors that were answered, by code.",
      labels: ["code"],
    }),

    invokes: histogram({
      name: "oken_invoke_duration_seconds",
      help: "Time of an invoke, or of a request to an agent's own path, until its answer began; waits count.",
      labels: ["type", "result"],
      buckets: SECONDS,
    }),
    agentInvokes: createAgentSeries(
      histogram({
        name: "oken_agent_invoke_duration_seconds",
        help: "The same for each of the first OKEN_METRICS_AGENTS agents; `*` is all others. `result` is ok or error.",
        labels: ["agent", "result"],
        buckets: AGENT_SECONDS,
      }),
      maxAgents,
    ),
    invokeWait: histogram({
      name: "oken_invoke_wait_seconds",
      help: "Time that invokes waited, `turn` for a free slot and `start` for a cold start.",
      labels: ["reason"],
      buckets: SECONDS,
    }),
    webSockets: counter({
      name: "oken_websockets_total",
      help: "WebSockets that have ended, by the side that closed first.",
      labels: ["closed_by"],
    }),

    stateChanges: counter({
      name: "oken_agent_state_changes_total",
      help: "Changes of agents from one state to another.",
      labels: ["from", "to"],
    }),
    exits: counter({
      name: "oken_agent_deaths_total",
      help: "Containers of agents that ended by themselves.",
      labels: [],
    }),
    wakes: histogram({
      name: "oken_wake_duration_seconds",
      help: "Time to start a sleeping agent until it serves, by result and by what was there: `unpause` its paused container, `restart` its stopped one, `create` its image, `rebuild` neither; `none` of a start that failed.",
      labels: ["result", "tier"],
      buckets: SECONDS,
    }),

    deploys: histogram({
      name: "oken_deploy_duration_seconds",
      help: "Time of deploys after their upload, by result; `unchanged` built nothing.",
      labels: ["result"],
      buckets: SECONDS,
    }),
    deployPhases: histogram({
      name: "oken_deploy_phase_duration_seconds",
      help: "Time of each part of the deploys that succeeded.",
      labels: ["phase"],
      buckets: SECONDS,
    }),
    uploadBytes: counter({
      name: "oken_upload_bytes_total",
      help: "Bytes of tarballs that were received completely.",
      labels: [],
    }),
    diskPruned: counter({
      name: "oken_disk_pruned_bytes_total",
      help: "Bytes that were removed to make room on disk, by part.",
      labels: ["part"],
    }),
    webhooks: counter({
      name: "oken_webhooks_total",
      help: "Attempts to send a webhook, and webhooks that were given up.",
      labels: ["result"],
    }),
    docker: histogram({
      name: "oken_docker_operation_duration_seconds",
      help: "Time of operations of the Docker engine, by result.",
      labels: ["operation", "result"],
      buckets: SECONDS,
    }),
    eventLoopDelay: histogram({
      name: "oken_event_loop_delay_seconds",
      help: "Delay of a timer that should run ten times per second.",
      labels: [],
      buckets: SECONDS.slice(0, 11),
    }),
  };
}

/** Does `work`, and tells its result and its seconds, also when it fails. */
export async function timed<T>(
  work: () => Promise<T>,
  tell: (result: string, seconds: number) => void,
): Promise<T> {
  const startedAt = performance.now();
  let result = "ok";
  try {
    return await work();
  } catch (error) {
    result = resultOf(error);
    throw error;
  } finally {
    tell(result, (performance.now() - startedAt) / 1000);
  }
}

/** The label `result` of a call whose caller left. */
export const CALLER_LEFT = "aborted";

/** The label `result` of a failure. */
export function resultOf(error: unknown): string {
  if (error instanceof RunnerError) return error.code;
  return error instanceof Error && error.name === "AbortError" ? CALLER_LEFT : "INTERNAL";
}
