import { Type } from "@sinclair/typebox";

import { STATUS_OF_CODE } from "../errors.ts";
import { AGENT_ID_PATTERN, AGENT_STATES } from "./agent.ts";
import type { AgentState } from "./agent.ts";

const timestamp = (description: string) => Type.String({ format: "date-time", description });

export const ErrorBody = Type.Object(
  {
    error: Type.String({ description: "A sentence that a person can act on" }),
    code: Type.Union(
      Object.keys(STATUS_OF_CODE).map((code) => Type.Literal(code)),
      { description: "For programs; a closed set" },
    ),
    details: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), { description: "What a program can act on" }),
    ),
  },
  { examples: [{ error: 'There is no agent "echo".', code: "AGENT_NOT_FOUND" }] },
);

export const AgentIdParam = Type.Object({
  id: Type.String({ pattern: AGENT_ID_PATTERN, description: "The agent's id", examples: ["echo"] }),
});

export const DeployResponse = Type.Object(
  {
    agent_id: Type.String(),
    status: Type.Literal("running"),
    endpoint: Type.String({ description: "Path to invoke the agent at" }),
    version: Type.Integer({ minimum: 1 }),
    entrypoint_type: Type.Union([Type.Literal("handler"), Type.Literal("agent"), Type.Literal("http")]),
    entrypoint_reason: Type.String({ description: "What is served, and why that was chosen" }),
    dependency_style: Type.String({ description: "Where the dependencies come from" }),
    unchanged: Type.Boolean({
      description: "True when what was sent is what runs already, and nothing was built",
    }),
    warnings: Type.Array(Type.String()),
    timings_ms: Type.Record(Type.String(), Type.Number(), {
      description: "Milliseconds of each part, and `total`",
    }),
  },
  {
    examples: [
      {
        agent_id: "echo",
        status: "running",
        endpoint: "/invoke/echo",
        version: 1,
        entrypoint_type: "handler",
        entrypoint_reason: "main.py defines handler(input)",
        dependency_style: "requirements.txt",
        unchanged: false,
        warnings: [],
        timings_ms: { extract: 4, detect: 9, build: 1840, start: 310, total: 2170 },
      },
    ],
  },
);

export const InvokeRequest = Type.Object(
  { input: Type.Unknown({ description: "Whatever the agent takes" }) },
  { examples: [{ input: { name: "Ada" } }] },
);
export const InvokeResponse = Type.Object(
  { output: Type.Unknown({ description: "What the agent returned; a list for a generator" }) },
  { examples: [{ output: "Hello, Ada" }] },
);

export const AgentStateSchema = Type.Unsafe<AgentState>(
  Type.Union(AGENT_STATES.map((state) => Type.Literal(state))),
);

const agentFields = {
  agent_id: Type.String(),
  name: Type.String({ description: "`name` of oken.toml" }),
  status: AgentStateSchema,
  created_at: timestamp("When it was first deployed, UTC"),
  last_invoked: Type.Union([timestamp("Last invoke, UTC"), Type.Null()], { description: "Null if never" }),
};
export const AgentSummary = Type.Object(agentFields);
export const AgentList = Type.Object(
  { agents: Type.Array(AgentSummary) },
  {
    examples: [
      {
        agents: [
          {
            agent_id: "echo",
            name: "Echo",
            status: "running",
            created_at: "2026-11-23T10:00:00.000Z",
            last_invoked: null,
          },
        ],
      },
    ],
  },
);

export const AgentDetail = Type.Object({
  ...agentFields,
  endpoint: Type.String(),
  version: Type.Integer(),
  entrypoint: Type.Object({ type: Type.String(), file: Type.String(), reason: Type.String() }),
  config: Type.Object({
    python_version: Type.String(),
    warm_timeout: Type.Number({ description: "Seconds" }),
    concurrency: Type.Integer(),
    timeout: Type.Number({ description: "Seconds" }),
    memory: Type.Integer({ description: "Bytes" }),
    cpus: Type.Number(),
  }),
  versions: Type.Array(
    Type.Object({
      version: Type.Integer(),
      created_at: timestamp("When it was built, UTC"),
      current: Type.Boolean(),
      image_id: Type.String(),
      dependency_style: Type.String(),
    }),
  ),
  instances: Type.Array(
    Type.Object({
      container: Type.String(),
      version: Type.Integer(),
      address: Type.String({ description: "On the agents' network" }),
      in_flight: Type.Integer({ description: "Requests inside it" }),
      resources: Type.Union([
        Type.Object({ memory_bytes: Type.Integer(), cpu_percent: Type.Number(), processes: Type.Integer() }),
        Type.Null(),
      ]),
    }),
  ),
  queued: Type.Integer({ description: "Invokes that wait for their turn" }),
  last_error: Type.Union([
    Type.Object({
      at: timestamp("When, UTC"),
      code: Type.String(),
      message: Type.String(),
      log: Type.String({ description: "Its last lines" }),
    }),
    Type.Null(),
  ]),
});

export const StopResponse = Type.Object(
  { agent_id: Type.String(), status: Type.Literal("stopped") },
  { examples: [{ agent_id: "echo", status: "stopped" }] },
);

export const LogsQuery = Type.Object({
  tail: Type.Optional(
    Type.String({ description: "How many lines back, 1 to 10000", default: "100", examples: ["100"] }),
  ),
  follow: Type.Optional(
    Type.String({
      description: "`true` streams lines as they come, as server-sent events",
      default: "false",
      examples: ["false"],
    }),
  ),
});
export const LogsResponse = Type.Object(
  { logs: Type.String({ description: "The last lines, oldest first" }) },
  { examples: [{ logs: "ready\nhandled a request\n" }] },
);

export const HealthResponse = Type.Object(
  {
    status: Type.Union([Type.Literal("ok"), Type.Literal("degraded")]),
    agents_running: Type.Integer(),
    checks: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description: "What is wrong, by part; only when degraded",
      }),
    ),
  },
  { examples: [{ status: "ok", agents_running: 2 }] },
);
