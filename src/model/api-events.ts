import { Type } from "@sinclair/typebox";

import { StateChangeView } from "./api-agents.ts";
import { agentId, timestamp, version } from "./api-fields.ts";

const at = timestamp("When, UTC");
const deployment = Type.Integer({ minimum: 1, description: "Number of the deployment" });

const AgentStateEvent = Type.Object(
  {
    agent_id: agentId,
    name: Type.String({ description: "`name` of oken.toml" }),
    ...StateChangeView.properties,
  },
  { description: "`agent.state`: an agent went from one state to another, or to another version" },
);
const AgentRemovedEvent = Type.Object(
  { agent_id: agentId, at },
  { description: "`agent.removed`: an agent was removed" },
);
const DeploymentStartedEvent = Type.Object(
  { agent_id: agentId, deployment, at },
  { description: "`deployment.started`: a deploy was received" },
);
const DeploymentFinishedEvent = Type.Object(
  {
    agent_id: agentId,
    deployment,
    state: Type.Union(["succeeded", "failed", "cancelled"].map((state) => Type.Literal(state))),
    version: Type.Union([version, Type.Null()], { description: "What serves now; null unless it succeeded" }),
    error: Type.Union([Type.Unsafe({ $ref: "#/components/schemas/Error" }), Type.Null()], {
      description: "Sentence and code; null if it succeeded",
    }),
    at,
  },
  { description: "`deployment.finished`: a deploy has ended" },
);
const HostEvent = Type.Object(
  {
    status: Type.Union(["ok", "degraded"].map((status) => Type.Literal(status))),
    checks: Type.Record(Type.String(), Type.String(), { description: "What is wrong, by part" }),
    at,
  },
  { description: "`host`: what is wrong with the host has changed" },
);

const ResetEvent = Type.Object(
  { at },
  {
    description:
      "`reset`: events are missing here, or the reader is new; what it shows should be asked for again",
  },
);

/** The `data` of events of `GET /events`, and of webhooks all but `reset`, by the names that the document gives them. */
export const EVENT_SCHEMAS = {
  AgentStateEvent,
  AgentRemovedEvent,
  DeploymentStartedEvent,
  DeploymentFinishedEvent,
  HostEvent,
  ResetEvent,
};

/** Each by its name in the document: generators of clients make a type of each. */
export const EventData = Type.Union(
  Object.keys(EVENT_SCHEMAS).map((name) => Type.Unsafe({ $ref: `#/components/schemas/${name}` })),
  {
    description: "What an event says; which one, its name tells",
    examples: [
      {
        agent_id: "echo",
        name: "Echo",
        at: "2026-11-23T10:00:00.000Z",
        from: "idle",
        status: "starting",
        version: 2,
        reason: "an invoke came",
      },
    ],
  },
);

export const EventsQuery = Type.Object({
  agent_id: Type.Optional(Type.String({ description: "Only events of this agent, and of the host" })),
  after: Type.Optional(
    Type.String({ description: "Go on after the event with this id, as `Last-Event-ID` does" }),
  ),
});
