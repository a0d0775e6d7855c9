import { Type } from "@sinclair/typebox";

import { agentId, timestamp } from "./api-fields.ts";

const DEPLOYMENT_EXAMPLE = {
  agent_id: "echo",
  deployment: 3,
  state: "running",
  created_at: "2026-11-23T10:00:00.000Z",
  finished_at: null,
  phases: ["received", "extracted", "detected", "building"],
  warnings: [],
  log: ["Resolved 12 packages in 180ms"],
  last_event_id: 6,
  result: null,
  error: null,
};

/** A body that the document has under this name. */
const named = (name: "DeployResponse" | "Error") => Type.Unsafe({ $ref: `#/components/schemas/${name}` });

export const DeploymentView = Type.Object(
  {
    agent_id: agentId,
    deployment: Type.Integer({ minimum: 1, description: "Counts the agent's deploys, failed ones included" }),
    state: Type.Union(
      ["running", "succeeded", "failed", "cancelled"].map((state) => Type.Literal(state)),
      { description: "Whether it has ended, and how" },
    ),
    created_at: timestamp("When it was received, UTC"),
    finished_at: Type.Union([timestamp("When it ended, UTC"), Type.Null()], {
      description: "Null while it runs",
    }),
    phases: Type.Array(Type.String(), { description: "What it has come through, in order" }),
    warnings: Type.Array(Type.String(), { description: "What is odd but did not stop the deploy" }),
    log: Type.Array(Type.String(), { description: "Lines of the build so far" }),
    last_event_id: Type.Integer({ minimum: 0, description: "Send as `Last-Event-ID` to go on from here" }),
    result: Type.Union([named("DeployResponse"), Type.Null()], {
      description: "What `POST /deploy` answers; null unless it succeeded",
    }),
    error: Type.Union([named("Error"), Type.Null()], {
      description: "As every route answers errors; null unless it failed",
    }),
  },
  { examples: [DEPLOYMENT_EXAMPLE] },
);

export const DeploymentList = Type.Object(
  { deployments: Type.Array(DeploymentView) },
  { examples: [{ deployments: [DEPLOYMENT_EXAMPLE] }] },
);

export const DeploymentParams = Type.Object({
  number: Type.Integer({ minimum: 1, description: "Number of the deployment", examples: [3] }),
});

export const DeploymentQuery = Type.Object({
  after: Type.Optional(
    Type.Integer({
      minimum: 0,
      default: 0,
      description: "Of a stream: go on after this event, as `Last-Event-ID` does",
    }),
  ),
});
