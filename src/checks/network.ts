import type { Engine } from "../docker/types.ts";
import type { Containment } from "../model/containment.ts";
import type { Check, Result } from "./check.ts";

/** The agents' network, and that it keeps them from the host. */
export function networkCheck(engine: Pick<Engine, "networkExists" | "containment">): Check {
  return {
    name: "network",
    async look() {
      if (!(await engine.networkExists()))
        return { state: "failed", found: "the agents' network is missing; the next start makes it anew" };
      return judge(await engine.containment());
    },
  };
}

function judge(containment: Containment): Result {
  if (containment.state === "open") return { state: "failed", found: containment.why };
  if (containment.state === "tolerated") return { state: "ok", found: containment.why };
  if (containment.state === "unknown")
    return { state: "unknown", found: "Nobody has looked yet what agents reach" };
  if (containment.state === "contained" && containment.except !== undefined)
    return { state: "ok", found: `No agent starts on some of the nodes. ${containment.except}` };
  return { state: "ok", found: "Agents are kept from the host and its networks" };
}
