import { type Static, Type } from "@sinclair/typebox";

import { agentId } from "./api-fields.ts";
import { AVAILABILITIES, type Availability, NODE_STATES, type NodeState } from "./node.ts";

const NODE_EXAMPLE = {
  name: "n2",
  id: "k3v0t1m8q5x2c7z9w4b6d1f0h",
  address: "10.0.0.12",
  role: "worker",
  leader: false,
  state: "ready",
  platform: "linux/x86_64",
  availability: "active",
  draining: false,
  instances: 3,
  reserved_bytes: 1_610_612_736,
  memory_bytes: 8_589_934_592,
  cpus: 4,
  labels: { disk: "ssd" },
  contained: true,
  reached: null,
};

const AvailabilitySchema = Type.Unsafe<Availability>(
  Type.Union(
    AVAILABILITIES.map((it) => Type.Literal(it)),
    {
      description:
        "What starts there: `active` whatever has room, `pause` nothing more, `drain` nothing, and nothing runs there",
    },
  ),
);

export const NodeView = Type.Object(
  {
    name: Type.String({ description: "Its host name, with some of its id where another node has the same" }),
    id: Type.String({ description: "Unique in the swarm" }),
    address: Type.String({ description: "Where the runner reaches its agents" }),
    role: Type.Union([Type.Literal("manager"), Type.Literal("worker")]),
    leader: Type.Boolean({ description: "Whether it is the manager that decides" }),
    state: Type.Unsafe<NodeState>(
      Type.Union(
        NODE_STATES.map((it) => Type.Literal(it)),
        {
          description: "`down`: it does not answer the managers, and its agents start elsewhere",
        },
      ),
    ),
    platform: Type.String({
      description: "Its system and processor; agents run on nodes with those of the runner's host",
      examples: ["linux/x86_64"],
    }),
    availability: AvailabilitySchema,
    draining: Type.Boolean({
      description:
        "Whether its agents are being moved elsewhere. A drain whose runner ends goes on with the runner that starts next",
    }),
    instances: Type.Integer({ minimum: 0, description: "This runner's instances there" }),
    reserved_bytes: Type.Integer({ minimum: 0, description: "Memory that those have for themselves" }),
    memory_bytes: Type.Integer({ minimum: 0, description: "Memory that it has" }),
    cpus: Type.Number({ description: "CPU cores that it has" }),
    labels: Type.Record(Type.String(), Type.String(), {
      description: "Those that `[placement]` of oken.toml may ask for",
    }),
    contained: Type.Union([Type.Boolean(), Type.Null()], {
      description:
        "Whether it keeps agents from its services and networks; where it does not, none starts. Null while nobody has looked, and with `OKEN_ALLOW_UNCONTAINED=yes`",
    }),
    reached: Type.Union([Type.String(), Type.Null()], {
      description: "What a container there reached that it may not",
      examples: ["10.0.0.11 port 2377"],
    }),
  },
  { examples: [NODE_EXAMPLE] },
);
export type NodeView = Static<typeof NodeView>;

export const NodeParam = Type.Object({
  name: Type.String({ description: "Host name or id of the node", examples: ["n2"] }),
});

export const NodeDrained = Type.Object(
  {
    node: NodeView,
    moved: Type.Array(
      Type.Object({
        agent_id: agentId,
        node: Type.String({ description: "Host name of the node where it serves now" }),
      }),
      { description: "One for each instance, in the order in which they were moved" },
    ),
  },
  {
    examples: [
      {
        node: { ...NODE_EXAMPLE, availability: "drain", instances: 0, reserved_bytes: 0 },
        moved: [{ agent_id: "echo", node: "n3" }],
      },
    ],
  },
);
export type NodeDrained = Static<typeof NodeDrained>;

export const NodeList = Type.Object(
  {
    nodes: Type.Array(NodeView, {
      description: "By name; empty where agents run on the runner's own host alone",
    }),
  },
  { examples: [{ nodes: [NODE_EXAMPLE] }] },
);
export type NodeList = Static<typeof NodeList>;
