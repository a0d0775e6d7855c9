/**
 * Whether agents are kept from the host, its networks and each other. While it is `open`, none starts; `tolerated` is
 * what the operator accepts. `why` is a sentence or two.
 */
export type Containment =
  | { state: "unknown" }
  /**
   * `mended`: its rules had gone, and are put in anew. `except`: not on every node, in a sentence or two; none starts on
   * the others.
   */
  | { state: "contained"; mended?: true; except?: string }
  | { state: "tolerated" | "open"; why: string };
