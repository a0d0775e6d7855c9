/**
 * Whether agents are kept from the host, its networks and each other. While it is `open`, none starts; `tolerated` is
 * what the operator accepts. `why` is a sentence or two.
 */
export type Containment =
  | { state: "unknown" }
  /** `mended`: its rules had gone, and are put in anew. */
  | { state: "contained"; mended?: true }
  | { state: "tolerated" | "open"; why: string };
