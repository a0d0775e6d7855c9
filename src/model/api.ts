import { type Static, type TSchema, Type } from "@sinclair/typebox";

import { STATUS_OF_CODE } from "../lib/errors.ts";
import { AGENT_ID_PATTERN } from "./agent.ts";
import { AgentDetail, AgentList, AgentVersions } from "./api-agents.ts";
import { DiskReport, PruneReport, PruneRequest } from "./api-disk.ts";
import { EVENT_SCHEMAS, EventData } from "./api-events.ts";
import { DeploymentList, DeploymentView } from "./api-deployments.ts";
import { agentId, endpoint, entrypointType, version } from "./api-fields.ts";
import { LogLine, LogsResponse } from "./api-logs.ts";
import { NodeDrained, NodeList, NodeView } from "./api-nodes.ts";
import { AgentStats, HostReport, StatsList } from "./api-stats.ts";

export { DeploymentParams, DeploymentQuery } from "./api-deployments.ts";

const ErrorBody = Type.Object(
  {
    error: Type.String({ description: "A sentence that a person can act on" }),
    code: Type.Union(
      Object.keys(STATUS_OF_CODE).map((code) => Type.Literal(code)),
      { description: "For programs; a closed set" },
    ),
    details: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), {
        description: "What a program can act on; differs by code",
      }),
    ),
  },
  {
    description: "What every route answers when it fails",
    examples: [{ error: 'There is no agent "echo".', code: "AGENT_NOT_FOUND" }],
  },
);

export const AgentIdParam = Type.Object({ id: agentId });

const DeployForm = Type.Object({
  agent_id: Type.String({
    pattern: AGENT_ID_PATTERN,
    description: "Id of a new agent, or of the one to replace",
    examples: ["echo"],
  }),
  tarball: Type.String({
    format: "binary",
    description: "A gzipped tar with `oken.toml` and the entrypoint, sent as a file",
  }),
  secrets: Type.Optional(
    Type.String({
      description:
        'A JSON object of names to texts, such as `{"API_KEY": "…"}`; each becomes an environment variable of the agent',
      examples: ["{}"],
    }),
  ),
  keep_secrets: Type.Optional(
    Type.Union([Type.Literal("true"), Type.Literal("false")], {
      // No default: generators of types would want the field to be sent.
      description:
        "`true`: those of the version before stay, but for those that are sent. Otherwise none does",
    }),
  ),
});

const DeployResponse = Type.Object(
  {
    agent_id: agentId,
    status: Type.Literal("running"),
    endpoint,
    version,
    entrypoint_type: entrypointType,
    entrypoint_reason: Type.String({ description: "What is served, and why that was chosen" }),
    dependency_style: Type.String({ description: "Where the dependencies come from" }),
    unchanged: Type.Boolean({
      description: "True when what was sent is what runs already, and nothing was built",
    }),
    warnings: Type.Array(Type.String(), { description: "What is odd but did not stop the deploy" }),
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
        entrypoint_reason: "handler in main.py is a function",
        dependency_style: "requirements.txt",
        unchanged: false,
        warnings: [],
        timings_ms: { extract: 4, detect: 9, build: 1840, start: 310, total: 2170 },
      },
    ],
  },
);

export type DeployResponse = Static<typeof DeployResponse>;

const InvokeRequest = Type.Object(
  { input: Type.Unknown({ description: "Any JSON value: the argument of the agent's function" }) },
  { examples: [{ input: { name: "Ada" } }] },
);
const InvokeResponse = Type.Object(
  { output: Type.Unknown({ description: "What the agent returned; a list for a generator" }) },
  { examples: [{ output: { hello: "Ada" } }] },
);

export const RollbackRequest = Type.Object(
  {
    version: Type.Optional(
      Type.Integer({ minimum: 1, description: "Version to serve again; without it the next older one" }),
    ),
  },
  { additionalProperties: false, examples: [{ version: 2 }] },
);

const SecretsPatch = Type.Record(Type.String(), Type.Union([Type.String(), Type.Null()]), {
  description: "A JSON merge patch (RFC 7396): a text sets a secret, null removes it",
  examples: [{ API_KEY: "…", OLD_KEY: null }],
});
export const SecretNames = Type.Object(
  { secrets: Type.Array(Type.String(), { description: "Names, in alphabetical order" }) },
  { examples: [{ secrets: ["API_KEY"] }] },
);
export type SecretNames = Static<typeof SecretNames>;

export const StopResponse = Type.Object(
  { agent_id: agentId, status: Type.Literal("stopped") },
  { examples: [{ agent_id: "echo", status: "stopped" }] },
);

const HealthResponse = Type.Object(
  {
    status: Type.Union([Type.Literal("ok"), Type.Literal("degraded")]),
    agents_running: Type.Integer({ minimum: 0 }),
    checks: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description: "What is wrong, by part (`engine`, `network`, `disk`, `data-dir` …); only when degraded",
      }),
    ),
  },
  { examples: [{ status: "ok", agents_running: 2 }] },
);

/** The bodies of the API by the names that the OpenAPI document gives them. */
export const API_SCHEMAS = {
  Error: ErrorBody,
  DeployForm,
  DeployResponse,
  Deployment: DeploymentView,
  DeploymentList,
  InvokeRequest,
  InvokeResponse,
  AgentList,
  AgentDetail,
  AgentVersions,
  RollbackRequest,
  SecretsPatch,
  SecretNames,
  StopResponse,
  LogsResponse,
  LogLine,
  HealthResponse,
  EventData,
  ...EVENT_SCHEMAS,
  StatsList,
  AgentStats,
  HostReport,
  DiskReport,
  PruneRequest,
  PruneReport,
  NodeList,
  NodeView,
  NodeDrained,
} satisfies Record<string, TSchema>;
