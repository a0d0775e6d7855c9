import { type Static, Type } from "@sinclair/typebox";

import { AGENT_STATES } from "./agent.ts";
import type { AgentState } from "./agent.ts";
import { agentId, endpoint, entrypointType, timestamp, version } from "./api-fields.ts";
import { AgentInstance, AgentStart, INSTANCE_EXAMPLE, START_EXAMPLE } from "./api-instances.ts";

export const MAX_LISTED_AGENTS = 1_000;

const AgentStateSchema = Type.Unsafe<AgentState>(
  Type.Union(
    AGENT_STATES.map((state) => Type.Literal(state)),
    {
      description:
        "`paused` and `idle` agents wake on the next invoke; `error` ones do after `next_start_at`, and `stopped` ones do not",
    },
  ),
);

const agentFields = {
  agent_id: agentId,
  name: Type.String({ description: "`name` of oken.toml" }),
  version,
  labels: Type.Record(Type.String(), Type.String(), { description: "`[labels]` of oken.toml" }),
  status: AgentStateSchema,
  created_at: timestamp("When it was first deployed, UTC"),
  last_invoked: Type.Union([timestamp("Last invoke, UTC"), Type.Null()], { description: "Null if never" }),
  nodes: Type.Array(Type.String(), {
    description:
      "Host names of the nodes that it runs on; empty while it sleeps, and where there is one host",
  }),
};
const SUMMARY_EXAMPLE = {
  agent_id: "echo",
  name: "Echo",
  version: 2,
  labels: { team: "search" },
  status: "running",
  created_at: "2026-11-23T10:00:00.000Z",
  last_invoked: "2026-11-23T10:04:12.345Z",
  nodes: [],
};

const AgentSummary = Type.Object(agentFields, { examples: [SUMMARY_EXAMPLE] });
export const AgentList = Type.Object(
  {
    agents: Type.Array(AgentSummary),
    next_cursor: Type.Optional(
      Type.String({ description: "Send as `cursor` for the next agents; absent when there are no more" }),
    ),
  },
  { examples: [{ agents: [SUMMARY_EXAMPLE] }] },
);
export type AgentList = Static<typeof AgentList>;

export const AgentsQuery = Type.Object({
  state: Type.Optional(
    Type.String({
      description: "Only agents in this state; several with commas",
      examples: ["running,idle"],
    }),
  ),
  label: Type.Optional(
    Type.String({ description: "Only agents with this label: `name` or `name=value`; several with commas" }),
  ),
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: MAX_LISTED_AGENTS, description: "At most so many; without it all" }),
  ),
  cursor: Type.Optional(Type.String({ description: "`next_cursor` of the answer before" })),
});

export const StateChangeView = Type.Object({
  at: timestamp("When, UTC"),
  from: AgentStateSchema,
  status: AgentStateSchema,
  version,
  reason: Type.String({ description: "Why" }),
  next_start_at: Type.Optional(timestamp("With `error`: its next start is not tried before, UTC")),
});

const AgentConfig = Type.Object(
  {
    python_version: Type.String({ description: "Minor version" }),
    warm_timeout: Type.Number({ description: "Seconds idle before it is put to sleep; 0: never" }),
    pause_after: Type.Number({ description: "Seconds idle before it is paused; 0: never" }),
    keep_warm: Type.Boolean({ description: "Whether it is started again when it dies" }),
    min: Type.Integer({ description: "Instances while it is awake" }),
    max: Type.Integer({ description: "Instances under load" }),
    concurrency: Type.Integer({ description: "Requests inside an instance at a time" }),
    timeout: Type.Number({ description: "Seconds for one invoke" }),
    memory: Type.Integer({ description: "Bytes" }),
    cpus: Type.Number({ description: "CPU cores" }),
  },
  { description: "oken.toml after defaults" },
);
const AgentVersion = Type.Object({
  version,
  created_at: timestamp("When it was built, UTC"),
  current: Type.Boolean({ description: "Whether this one serves" }),
  image_id: Type.String({ description: "Digest of its Docker image" }),
  bases: Type.Record(Type.String(), Type.String(), {
    description:
      "What the images that it was built from came to, by reference: a digest, or the id of a local one",
  }),
  dependency_style: Type.String({ description: "Where its dependencies come from" }),
  system_packages: Type.Record(Type.String(), Type.String(), {
    description: "Debian packages that oken.toml names, with the versions in the image",
  }),
});
const VERSION_EXAMPLE = {
  version: 2,
  created_at: "2026-11-23T10:03:00.000Z",
  current: true,
  image_id: "sha256:5f0c1d8e4b7a",
  bases: { "docker.io/library/python:3.12-slim-trixie": "sha256:8d1f3c0e9a52" },
  dependency_style: "requirements.txt",
  system_packages: { ffmpeg: "7:7.1.1-1+b1" },
};

export const AgentVersions = Type.Object(
  { versions: Type.Array(AgentVersion) },
  { examples: [{ versions: [VERSION_EXAMPLE] }] },
);
const AgentVolume = Type.Object({
  path: Type.String({ description: "Where the agent has it" }),
  volume: Type.String({ description: "Name of its Docker volume" }),
  size_bytes: Type.Union([Type.Integer(), Type.Null()], { description: "Null where oken.toml has no size" }),
  used_bytes: Type.Union([Type.Integer(), Type.Null()], {
    description:
      "As of the last look, at most minutes ago; null where there is no size, or nobody has looked yet",
  }),
  shared: Type.Boolean({ description: "Whether two versions may have it at once" }),
  current: Type.Boolean({ description: "Whether the version that serves has it" }),
});
export const AgentDetail = Type.Object(
  {
    ...agentFields,
    endpoint,
    entrypoint: Type.Object({
      type: entrypointType,
      file: Type.String({ description: "Path in the tarball" }),
      reason: Type.String({ description: "Why this was chosen" }),
    }),
    config: AgentConfig,
    versions: Type.Array(AgentVersion),
    volumes: Type.Array(AgentVolume, { description: "Its data that lasts, by path" }),
    instances: Type.Array(AgentInstance, {
      description: "Containers that serve, or are paused; empty while it sleeps",
    }),
    starting: Type.Array(AgentStart, { description: "Further instances on their way" }),
    queued: Type.Integer({ description: "Invokes that wait for their turn" }),
    open_streams: Type.Integer({ description: "Streams and WebSockets that are open" }),
    states: Type.Array(StateChangeView, {
      description: "The last 50 changes of its state since the runner started, newest first",
    }),
    last_error: Type.Union(
      [
        Type.Object({
          at: timestamp("When, UTC"),
          code: Type.String(),
          message: Type.String(),
          log: Type.String({ description: "Its last lines" }),
          exit_code: Type.Optional(Type.Integer({ description: "Of its container" })),
        }),
        Type.Null(),
      ],
      { description: "Why its last start failed or it died; null when it did not" },
    ),
    next_start_at: Type.Union([timestamp("Its next start is not tried before, UTC"), Type.Null()], {
      description: "Null where it runs, or may be started now",
    }),
  },
  {
    examples: [
      {
        ...SUMMARY_EXAMPLE,
        endpoint: "/invoke/echo",
        entrypoint: { type: "handler", file: "main.py", reason: "handler in main.py is a function" },
        config: {
          python_version: "3.12",
          warm_timeout: 300,
          pause_after: 0,
          keep_warm: false,
          min: 1,
          max: 4,
          concurrency: 10,
          timeout: 300,
          memory: 536_870_912,
          cpus: 1,
        },
        versions: [VERSION_EXAMPLE],
        volumes: [
          {
            path: "/data",
            size_bytes: 1_073_741_824,
            used_bytes: 20_480,
            volume: "oken-5f0c1d8e4b7a9d2e6c3b8a71",
            shared: false,
            current: true,
          },
        ],
        instances: [INSTANCE_EXAMPLE],
        starting: [START_EXAMPLE],
        queued: 0,
        open_streams: 0,
        states: [
          {
            at: "2026-11-23T10:03:01.000Z",
            from: "running",
            status: "running",
            version: 2,
            reason: "version 2 is ready",
          },
        ],
        last_error: null,
        next_start_at: null,
      },
    ],
  },
);
export type AgentDetail = Static<typeof AgentDetail>;
