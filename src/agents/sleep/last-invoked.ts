import { messageOf } from "../../lib/errors.ts";
import type { AgentParts } from "../parts.ts";

/** Saves when agents were last invoked. A crash loses what came after the last save. */
export type LastInvoked = { save(): Promise<void> };

export function createLastInvoked({
  registry,
  store,
  log,
}: Pick<AgentParts, "registry" | "store" | "log">): LastInvoked {
  const saved = new Map<string, number>();
  return {
    async save() {
      for (const { id, lastInvoked } of registry.all()) {
        if (lastInvoked === undefined || saved.get(id) === lastInvoked) continue;
        saved.set(id, lastInvoked);
        await store.writeLastInvoked(id, lastInvoked).catch((error: unknown) => {
          log.debug(
            { agent_id: id, reason: messageOf(error) },
            "could not save when an agent was last invoked",
          );
        });
      }
    },
  };
}
