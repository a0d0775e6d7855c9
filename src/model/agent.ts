import { type Static, Type } from "@sinclair/typebox";

import type { Entrypoint } from "./entrypoint.ts";
import type { Manifest } from "./manifest.ts";

/** Every valid id works end to end, though Docker's own names are narrower. */
export const AGENT_ID_PATTERN = "^[A-Za-z0-9_-]{1,128}$";

export const AGENT_STATES = ["starting", "running", "paused", "idle", "stopped", "error"] as const;
export type AgentState = (typeof AGENT_STATES)[number];

/** `versions/<n>/version.json`: what it takes to start this version again. */
export const VersionRecord = Type.Object({
  schema: Type.Literal(1),
  version: Type.Integer({ minimum: 1 }),
  /** ISO 8601, UTC. */
  created_at: Type.String(),
  /** Digest of all that the version was made from; equal digests mean an unchanged deploy. */
  spec_digest: Type.String(),
  tree_digest: Type.String(),
  /** The user that its containers run as, and no other agent's. Absent from older records. */
  user_id: Type.Optional(Type.Integer({ minimum: 1 })),
  image: Type.String(),
  image_id: Type.String(),
  /** What each `FROM` came to: digest, or the image's id, by reference. Absent from older records. */
  bases: Type.Optional(Type.Record(Type.String(), Type.String())),
  dependency_style: Type.String(),
  /** Names the resolution that it was built with. Absent from older records. */
  resolution_key: Type.Optional(Type.String()),
  /** Versions of the Debian packages that oken.toml names. */
  system_packages: Type.Optional(Type.Record(Type.String(), Type.String())),
  manifest: Type.Unsafe<Manifest>(Type.Object({})),
  entrypoint: Type.Unsafe<Entrypoint>(Type.Object({})),
  warnings: Type.Array(Type.String()),
});
export type VersionRecord = Static<typeof VersionRecord>;

/** `agent.json`: writing it is the commit of a deploy. */
export const AgentRecord = Type.Object({
  schema: Type.Literal(1),
  agent_id: Type.String({ pattern: AGENT_ID_PATTERN }),
  created_at: Type.String(),
  desired: Type.Union([Type.Literal("running"), Type.Literal("stopped")]),
  /** When it was stopped by request. Absent while it is to run, and from older records. */
  stopped_at: Type.Optional(Type.String()),
  current_version: Type.Integer({ minimum: 1 }),
  /** The versions that exist, ascending. Any other directory was left by a deploy that never finished. */
  versions: Type.Array(Type.Integer({ minimum: 1 })),
  /** Paths of its volumes, those of versions that are gone too. Absent where there are none. */
  volumes: Type.Optional(Type.Array(Type.String())),
});
export type AgentRecord = Static<typeof AgentRecord>;

/** Why the agent is not well: the last failed start or crash. `exit_code` is its container's. */
export type LastError = { at: string; code: string; message: string; log: string; exit_code?: number };
