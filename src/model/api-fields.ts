import { Type } from "@sinclair/typebox";

import { AGENT_ID_PATTERN } from "./agent.ts";

/** Fields that several bodies of the API share. */
export const timestamp = (description: string) =>
  Type.String({ format: "date-time", description, examples: ["2026-11-23T10:00:00.000Z"] });
export const agentId = Type.String({
  pattern: AGENT_ID_PATTERN,
  description: "The agent's id",
  examples: ["echo"],
});
export const endpoint = Type.String({
  description: "Path to invoke the agent at",
  examples: ["/invoke/echo"],
});
export const version = Type.Integer({ minimum: 1, description: "Counts the agent's builds, from 1" });
export const entrypointType = Type.Union(
  [Type.Literal("handler"), Type.Literal("agent"), Type.Literal("http")],
  {
    description: "What the entrypoint is: a function, a class with `run`, or a web application",
  },
);
