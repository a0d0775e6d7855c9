import type { Place } from "./place.ts";

/** What is counted. */
export const PARTS = [
  "images",
  "containers",
  "logs",
  "volumes",
  "build_cache",
  "versions",
  "staging",
  "deployments",
] as const;

export type Part = (typeof PARTS)[number];

/** What may go, in this order: what costs the least to have again comes first. */
export const TIERS = [
  /** Left by work that has ended: nobody misses it. */
  "leavings",
  /** The next build that needs it takes longer. */
  "build_cache",
  /** Images that only a rollback to an old version would need. They are built again then. */
  "old_images",
  /** Of agents that sleep: their next wake takes a little longer, and their log is gone. */
  "containers",
  /** Of agents that sleep: their next wake builds the image again. */
  "idle_images",
] as const;

type Tier = (typeof TIERS)[number];

/** How something is removed. */
export type Removal =
  | { kind: "staging"; path: string }
  | { kind: "unnamed_image"; id: string }
  | { kind: "cache"; id: string }
  | { kind: "image"; agentId: string; version: number }
  | { kind: "container"; agentId: string; version: number };

/** One thing that takes room. */
export type Entry = {
  part: Part;
  place: Place;
  name: string;
  agentId?: string;
  bytes: number;
  isInUse: boolean;
  /** Undefined for what stays. */
  candidate?: Candidate;
};

export type Candidate = {
  tier: Tier;
  /** Wall clock, milliseconds. */
  lastUsed: number;
  /** Bytes that its removal gives, with what goes with it. */
  frees: number;
  removal: Removal;
};
