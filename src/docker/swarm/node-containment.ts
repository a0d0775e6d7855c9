import { RunnerError } from "../../lib/errors.ts";
import type { Containment } from "../../model/containment.ts";
import type { Engine } from "../types.ts";

/** Keeps agents from starting on nodes that nothing contains. */
export type NodeContainment = Pick<Engine, "contain" | "containment"> & {
  /** Rejects unless an agent may start. */
  admit(): Promise<void>;
};

const WHY =
  "The runner's firewall is of its own host: on the nodes of a swarm nothing that it knows of keeps agents from the nodes' services and private networks.";

export function createNodeContainment({ allowUncontained }: { allowUncontained: boolean }): NodeContainment {
  const found: Containment = allowUncontained
    ? { state: "tolerated", why: WHY }
    : {
        state: "open",
        why: `${WHY} Have each node's firewall do it, and say so with OKEN_ALLOW_UNCONTAINED=yes.`,
      };
  return {
    contain: async () => found,
    containment: async () => found,
    async admit() {
      if (found.state !== "open") return;
      throw new RunnerError("ENGINE_UNAVAILABLE", `No agent starts: ${found.why}`, {
        details: { reason: "not_contained" },
      });
    },
  };
}
