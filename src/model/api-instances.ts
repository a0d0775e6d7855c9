import { Type } from "@sinclair/typebox";

import { version } from "./api-fields.ts";

export const AgentInstance = Type.Object({
  container: Type.String({ description: "Name of its Docker container" }),
  version,
  replica: Type.Integer({ description: "Its number among the instances of its version" }),
  state: Type.Union([Type.Literal("running"), Type.Literal("paused")]),
  address: Type.String({ description: "On the agents' network, or that of its node" }),
  node: Type.Union([Type.String(), Type.Null()], {
    description: "Host name of the node that it is on; null where there is one host",
  }),
  in_flight: Type.Integer({ description: "Requests inside it" }),
  restarts: Type.Union([
    Type.Integer({ description: "How often its process was replaced, since it had ended or hung" }),
    Type.Null({ description: "Its runtime does not say, or is paused" }),
  ]),
  resources: Type.Union([
    Type.Object({ memory_bytes: Type.Integer(), cpu_percent: Type.Number(), processes: Type.Integer() }),
    Type.Null({ description: "Not known, or not yet" }),
  ]),
});

export const AgentStart = Type.Object({
  container: Type.String({ description: "Name that its Docker container has, or will have" }),
  version,
  replica: Type.Integer({ description: "Its number among the instances of its version" }),
});

export const INSTANCE_EXAMPLE = {
  container: "oken-echo-1c4a09b3f2-v2",
  version: 2,
  replica: 1,
  state: "running",
  address: "172.20.0.3",
  node: null,
  in_flight: 0,
  restarts: 0,
  resources: { memory_bytes: 31_457_280, cpu_percent: 0.2, processes: 2 },
};

export const START_EXAMPLE = { container: "oken-echo-1c4a09b3f2-v2-2", version: 2, replica: 2 };
