import { type Static, Type } from "@sinclair/typebox";

import { agentId, timestamp } from "./api-fields.ts";

const count = (description: string) => Type.Integer({ minimum: 0, description });
const orNull = (description: string) => Type.Union([Type.Number(), Type.Null()], { description });
const bytes = (description: string) =>
  Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], { description });

const calls = {
  requests: count("Calls"),
  errors: count("Calls that failed, whoever's fault it was, but for callers who left"),
  p50_ms: orNull("Half of the answers had begun after so many milliseconds; null without a call"),
  p99_ms: orNull("99 of 100 had begun after so many milliseconds; null without a call"),
};
const CALLS_EXAMPLE = { requests: 42, errors: 1, p50_ms: 12.5, p99_ms: 180 };

const figures = {
  agent_id: agentId,
  requests_per_second: Type.Number({ minimum: 0, description: "Mean of the window" }),
  ...calls,
  memory_bytes: bytes("What its container uses; null if none runs, or it is not known yet"),
  in_flight: count("Requests inside it"),
  open_streams: count("Streams and WebSockets that are open, which are among them"),
  queued: count("Calls that wait for their turn or for its start"),
};
const FIGURES_EXAMPLE = {
  agent_id: "echo",
  requests_per_second: 0.7,
  ...CALLS_EXAMPLE,
  memory_bytes: 31_457_280,
  in_flight: 1,
  open_streams: 1,
  queued: 0,
};
const windowSeconds = Type.Integer({ description: "How long the figures look back" });
const byMinute = (what: string) =>
  Type.Optional(
    Type.Array(Type.Integer(), {
      description: `With \`history=true\`: ${what} of each of the last 60 minutes, oldest first`,
    }),
  );

export const StatsList = Type.Object(
  {
    window_seconds: windowSeconds,
    agents: Type.Array(
      Type.Object({
        ...figures,
        requests_by_minute: byMinute("calls"),
        errors_by_minute: byMinute("errors"),
      }),
    ),
  },
  { examples: [{ window_seconds: 60, agents: [FIGURES_EXAMPLE] }] },
);

export type StatsList = Static<typeof StatsList>;

export const AgentStats = Type.Object(
  {
    window_seconds: windowSeconds,
    ...figures,
    minutes: Type.Array(
      Type.Object({
        at: timestamp("Begin of the minute, UTC"),
        ...calls,
        memory_bytes: bytes("What its container used; null if none ran"),
      }),
      { description: "The last 60, oldest first" },
    ),
    streams: Type.Array(
      Type.Object({
        kind: Type.Union([Type.Literal("stream"), Type.Literal("websocket")]),
        path: Type.String({ description: "What was asked for" }),
        request_id: Type.String(),
        since: timestamp("When its answer began, UTC"),
      }),
      { description: "Those that are open, oldest first; at most 100" },
    ),
  },
  {
    examples: [
      {
        window_seconds: 60,
        ...FIGURES_EXAMPLE,
        minutes: [{ at: "2026-11-23T10:03:00.000Z", ...CALLS_EXAMPLE, memory_bytes: 31_457_280 }],
        streams: [
          {
            kind: "stream",
            path: "/invoke/echo",
            request_id: "0198c0de-4a5b-7000-8000-0a1b2c3d4e5f",
            since: "2026-11-23T10:04:00.000Z",
          },
        ],
      },
    ],
  },
);

const space = { total_bytes: Type.Integer(), free_bytes: Type.Integer() };

export const HostReport = Type.Object(
  {
    version: Type.String({ description: "The runner's" }),
    started_at: timestamp("When the runner started, UTC"),
    status: Type.Union([Type.Literal("ok"), Type.Literal("degraded")]),
    checks: Type.Record(Type.String(), Type.String(), {
      description: "What is wrong, by part; empty when all is well",
    }),
    engine: Type.Object({
      version: Type.Union([Type.String(), Type.Null()], { description: "Null while it does not answer" }),
    }),
    cpus: Type.Object({
      count: Type.Integer({ minimum: 1 }),
      load_average: Type.Array(Type.Number(), { description: "Of one, five and fifteen minutes" }),
    }),
    memory: Type.Object(space),
    disk: Type.Union(
      [
        Type.Object({
          ...space,
          budget_bytes: Type.Integer({ description: "The most that the runner may have there" }),
          own_bytes: bytes("What it had there when that was last counted; null if it never was"),
        }),
        Type.Null(),
      ],
      { description: "Where the data directory is; null if that cannot be looked at" },
    ),
    builds: Type.Object({
      running: Type.Integer(),
      waiting: Type.Integer(),
      limit: Type.Integer({ description: "How many run at once" }),
    }),
    agents: Type.Record(Type.String(), Type.Integer(), { description: "How many, by state" }),
    runner: Type.Object({ memory_bytes: Type.Integer({ description: "What the runner's process holds" }) }),
  },
  {
    examples: [
      {
        version: "0.1.0",
        started_at: "2026-11-23T09:00:00.000Z",
        status: "ok",
        checks: {},
        engine: { version: "29.1.0" },
        cpus: { count: 8, load_average: [0.4, 0.3, 0.2] },
        memory: { total_bytes: 16_777_216_000, free_bytes: 8_388_608_000 },
        disk: {
          total_bytes: 107_374_182_400,
          free_bytes: 53_687_091_200,
          budget_bytes: 85_899_345_920,
          own_bytes: 9_663_676_416,
        },
        builds: { running: 1, waiting: 0, limit: 2 },
        agents: { starting: 0, running: 2, paused: 1, idle: 5, stopped: 1, error: 0 },
        runner: { memory_bytes: 94_371_840 },
      },
    ],
  },
);

export const StatsQuery = Type.Object({
  history: Type.Optional(
    Type.Boolean({ default: false, description: "With the last hour of each agent, by minutes" }),
  ),
});
