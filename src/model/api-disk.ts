import { type Static, Type } from "@sinclair/typebox";

import { timestamp } from "./api-fields.ts";

const bytes = (description: string) => Type.Integer({ minimum: 0, description });

const part = Type.Union(
  [
    Type.Literal("images"),
    Type.Literal("containers"),
    Type.Literal("logs"),
    Type.Literal("volumes"),
    Type.Literal("build_cache"),
    Type.Literal("versions"),
    Type.Literal("staging"),
    Type.Literal("deployments"),
  ],
  { description: "What it is; `versions` are files of agents" },
);

const disks = Type.Array(
  Type.Object({
    path: Type.String({ description: "A directory on it: the runner's, or the engine's" }),
    holds: Type.Array(Type.Union([Type.Literal("runner"), Type.Literal("engine")]), {
      description: "Whose data is on it",
    }),
    total_bytes: bytes("Its size"),
    free_bytes: bytes("What may still be written"),
    own_bytes: bytes("What this runner has there"),
    budget_bytes: bytes("The most that it may have there: `OKEN_DISK_BUDGET`"),
    floor_bytes: bytes("What stays free: `OKEN_MIN_FREE_BYTES`"),
    status: Type.Union([Type.Literal("ok"), Type.Literal("over_budget"), Type.Literal("below_floor")], {
      description: "Deploys are refused unless it is `ok`",
    }),
  }),
  { description: "One, or two where the engine's data is on another disk" },
);

const agentIdOrNull = Type.Union([Type.String(), Type.Null()], { description: "Null if it is no agent's" });

const DISK_EXAMPLE = {
  path: "/var/lib/oken",
  holds: ["runner", "engine"],
  total_bytes: 107_374_182_400,
  free_bytes: 53_687_091_200,
  own_bytes: 9_663_676_416,
  budget_bytes: 85_899_345_920,
  floor_bytes: 268_435_456,
  status: "ok",
};

export const DiskReport = Type.Object(
  {
    counted_at: timestamp("When it was counted, UTC"),
    disks,
    parts: Type.Array(
      Type.Object({
        part,
        count: Type.Integer({ minimum: 0, description: "How many" }),
        bytes: bytes("What they take"),
        in_use_bytes: bytes("What of it is in use, and stays"),
      }),
    ),
    largest: Type.Array(
      Type.Object({
        part,
        name: Type.String({ description: "Its name, path or version" }),
        agent_id: agentIdOrNull,
        bytes: bytes("What it takes"),
        in_use: Type.Boolean(),
      }),
      { description: "The ten largest; the build cache is one" },
    ),
  },
  {
    examples: [
      {
        counted_at: "2026-11-23T10:00:00.000Z",
        disks: [DISK_EXAMPLE],
        parts: [{ part: "images", count: 12, bytes: 2_147_483_648, in_use_bytes: 1_073_741_824 }],
        largest: [
          {
            part: "images",
            name: "oken/echo-1f2e3d4c5b:v3",
            agent_id: "echo",
            bytes: 536_870_912,
            in_use: true,
          },
        ],
      },
    ],
  },
);

export type DiskReport = Static<typeof DiskReport>;

export const PruneRequest = Type.Object(
  {
    dry_run: Type.Optional(Type.Boolean({ description: "Says what would go, and leaves it" })),
    budget_bytes: Type.Optional(bytes("For this once, in the place of `OKEN_DISK_BUDGET`")),
  },
  { additionalProperties: false, examples: [{ dry_run: true }] },
);

export const PruneReport = Type.Object(
  {
    dry_run: Type.Boolean({ description: "Whether all of it is still there" }),
    freed_bytes: bytes("What it gave, or would give; a layer may have been in two places"),
    removed: Type.Array(
      Type.Object({
        part,
        name: Type.String({ description: "Its name, path or version" }),
        agent_id: agentIdOrNull,
        count: Type.Integer({
          minimum: 1,
          description: "How many: records of the build cache come together",
        }),
        bytes: bytes("What it gave"),
      }),
      { description: "In the order in which it went" },
    ),
    disks,
  },
  {
    examples: [
      {
        dry_run: false,
        freed_bytes: 536_870_912,
        removed: [
          { part: "images", name: "oken/echo-1f2e3d4c5b:v1", agent_id: "echo", count: 1, bytes: 536_870_912 },
        ],
        disks: [DISK_EXAMPLE],
      },
    ],
  },
);

export type PruneReport = Static<typeof PruneReport>;
