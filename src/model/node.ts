/** `unknown` is one that joins, or of which the managers cannot say anything. */
export const NODE_STATES = ["ready", "down", "unknown"] as const;
export type NodeState = (typeof NODE_STATES)[number];

/** What is started on a node: `active` all, `pause` nothing more, `drain` nothing, and what runs there is ended. */
export const AVAILABILITIES = ["active", "pause", "drain"] as const;
export type Availability = (typeof AVAILABILITIES)[number];

/** A host that agents may run on, beside others. */
export type Node = {
  id: string;
  /** Its host name, with some of its id where another node has the same. */
  name: string;
  /** Where its containers' ports are reached. */
  address: string;
  role: "manager" | "worker";
  /** Of the managers the one that decides. */
  leader: boolean;
  state: NodeState;
  /** What its containers are built for: `linux/x86_64`. */
  platform: string;
  availability: Availability;
  /** A runner moves its agents elsewhere, or did when it ended. */
  draining: boolean;
  /** What it has: bytes, and cores. */
  memory: number;
  cpus: number;
  labels: Record<string, string>;
  /** Another one whenever the managers have written something of it: after its restart, at least. */
  revision?: number | undefined;
  /** What containers there reached that they may not, if anything. Undefined while nobody has looked. */
  containment?: { reached: string | undefined } | undefined;
};
