import type { Agent } from "../../src/agents/agent.ts";
import { createFeed } from "../../src/agents/feed.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { AGENT_STATES, type AgentState } from "../../src/model/agent.ts";
import { createBareApp } from "./app.ts";
import { followMadeLog, madeDeployments } from "./page-history.ts";

const MINUTES = 60;
const AT = new Date(Date.now() - 150_000).toISOString();

/**
 * A runner with so many agents that do something, and no engine: what the page asks for is made up. `change` moves the
 * next agent to another state, as the events then say.
 */
export function startPageApi(count: number) {
  const feed = createFeed(systemClock);
  const states = new Map<string, AgentState>();
  for (let index = 0; index < count; index += 1) states.set(idOf(index), stateOf(index));
  const summaryOf = (id: string) => ({
    agent_id: id,
    name: nameOf(id),
    version: 3,
    labels: { team: "search" },
    status: states.get(id) ?? "idle",
    created_at: AT,
    last_invoked: AT,
    nodes: [],
  });
  const app = createBareApp({
    clock: systemClock,
    agents: {
      feed,
      list: () => ({ agents: [...states.keys()].map(summaryOf) }),
      stats: ({ history }) =>
        Promise.resolve({
          window_seconds: 60,
          agents: [...states.keys()].map((id, index) => figuresOf(id, index, history)),
        }),
      detail: (id) => Promise.resolve(detailOf(summaryOf(id))),
      statsOf: (id) => Promise.resolve(statsOf(id)),
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only asked whether there is such an agent
      find: (id) => ({ id }) as Agent,
      followLogs: (_, { signal }) => followMadeLog(signal),
      deployments: madeDeployments(),
    },
    host: () => Promise.resolve(HOST),
  });
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch: (request) => app.handle(request),
  });
  let changes = 0;
  return {
    url: `http://127.0.0.1:${server.port}`,
    change() {
      const id = idOf(changes % count);
      const from = states.get(id) ?? "idle";
      const status = from === "running" ? ("idle" as const) : ("running" as const);
      states.set(id, status);
      changes += 1;
      feed.tell({
        ...{ type: "agent.state", agent_id: id, name: nameOf(id), version: 3 },
        ...{ status, from, reason: "a test" },
      });
      return { id, status };
    },
    [Symbol.dispose]: () => void server.stop(true),
  };
}

/** Those of the first agents; one is longer than its column is wide. */
const IDS = [
  ...["customer-support", "invoice-reader", "web-search", "meeting-notes", "translator", "code-review"],
  ...["an-agent-with-a-name-that-is-longer-than-its-column-is-wide-by-far", "mail-sorter", "price-watch"],
];

function idOf(index: number): string {
  return IDS[index] ?? `agent-${index}`;
}

/** `Customer support`. */
function nameOf(id: string): string {
  return id.charAt(0).toUpperCase() + id.slice(1).replaceAll("-", " ");
}

/** Most run. */
function stateOf(index: number): AgentState {
  return index % 3 === 2 ? (AGENT_STATES[index % AGENT_STATES.length] ?? "idle") : "running";
}

function figuresOf(id: string, index: number, history: boolean) {
  const byMinute = (scale: number) =>
    Array.from({ length: MINUTES }, (_, minute) =>
      Math.round((1 + Math.sin((minute + index) / 5) + Math.random() / 2) * scale),
    );
  return {
    ...{
      agent_id: id,
      requests_per_second: (index + 1) / 10,
      requests: (index + 1) * 6,
      errors: index % 5 === 4 ? 2 : 0,
    },
    ...{ p50_ms: 12 + index, p99_ms: 180 + index, memory_bytes: (20 + index) * 1_048_576 },
    ...{ in_flight: 1, open_streams: 0, queued: 0 },
    ...(history && {
      requests_by_minute: byMinute(index + 1),
      errors_by_minute: byMinute(index % 5 === 4 ? index / 6 : 0),
    }),
  };
}

/** Something that goes up and down around `middle`. */
function wave(minute: number, middle: number): number {
  return Math.round(middle * (1.2 + Math.sin(minute / 6) + Math.random() / 3));
}

function statsOf(id: string) {
  const minutes = Array.from({ length: MINUTES }, (_, minute) => ({
    at: new Date(Date.now() - (MINUTES - minute) * 60_000).toISOString(),
    ...{
      requests: wave(minute, 30),
      errors: minute % 9 === 0 ? 2 : 0,
      p50_ms: wave(minute, 14),
      p99_ms: wave(minute, 90),
    },
    memory_bytes: (30 + minute / 8) * 1_048_576,
  }));
  const stream = { kind: "stream" as const, path: `/invoke/${id}`, request_id: "a-request", since: AT };
  return { window_seconds: 60, ...figuresOf(id, 5, false), open_streams: 1, minutes, streams: [stream] };
}

type Summary = {
  agent_id: string;
  name: string;
  version: number;
  labels: Record<string, string>;
  status: AgentState;
  created_at: string;
  last_invoked: string;
  nodes: string[];
};

function detailOf(summary: Summary) {
  const version = (number: number) => ({
    ...{ version: number, created_at: AT, current: number === 3, image_id: "sha256:1", bases: {} },
    dependency_style: "requirements.txt",
    system_packages: {},
  });
  const change = { at: AT, version: 3, reason: "an invoke came" };
  return {
    ...summary,
    endpoint: `/invoke/${summary.agent_id}`,
    entrypoint: { type: "handler" as const, file: "main.py", reason: "handler in main.py is a function" },
    config: {
      ...{
        python_version: "3.12",
        warm_timeout: 300,
        pause_after: 0,
        keep_warm: false,
        min: 1,
        max: 1,
        concurrency: 10,
      },
      timeout: 300,
      ...{ memory: 536_870_912, cpus: 1 },
    },
    versions: [1, 2, 3].map(version),
    volumes: [
      {
        ...{ path: "/data", volume: "oken-2", size_bytes: 1_073_741_824, used_bytes: 20_480 },
        ...{ shared: false, current: true },
      },
    ],
    instances: [
      {
        ...{
          container: "oken-1",
          version: 3,
          replica: 1,
          state: "running" as const,
          address: "172.20.0.3",
          node: null,
          in_flight: 1,
          restarts: 0,
        },
        resources: { memory_bytes: 31_457_280, cpu_percent: 12, processes: 2 },
      },
    ],
    starting: [],
    queued: 0,
    open_streams: 1,
    states: [
      { ...change, from: "starting" as const, status: "running" as const },
      { ...change, from: "idle" as const, status: "starting" as const },
    ],
    last_error: null,
    next_start_at: null,
  };
}

const HOST = {
  ...{ version: "0.1.0", started_at: AT, status: "degraded" as const },
  checks: { engine: "The Docker engine does not answer." },
  engine: { version: null },
  cpus: { count: 2, load_average: [0.5, 0.4, 0.3] },
  memory: { total_bytes: 8e9, free_bytes: 4e9 },
  disk: { total_bytes: 1e11, free_bytes: 5e9, budget_bytes: 8e10, own_bytes: 4e10 },
  builds: { running: 1, waiting: 2, limit: 2 },
  agents: { starting: 0, running: 2, idle: 3, stopped: 1, error: 1 },
  runner: { memory_bytes: 9e7 },
};
