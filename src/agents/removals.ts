import type { AgentParts } from "./parts.ts";
import { removeVolumes } from "./volumes/volumes.ts";

export type RemovalParts = Pick<AgentParts, "engine" | "store" | "reach">;

/**
 * Removes the data of agents that were removed, where the engine was away then or the runner was killed. Data of agents
 * that are only unknown stays: they may be newer than the backup that this data directory is from.
 */
export async function finishRemovals(
  parts: RemovalParts & Pick<AgentParts, "operations" | "log">,
  /** No operation has begun yet, and none does before the end. */
  { isFirst }: { isFirst: boolean },
): Promise<void> {
  const level = isFirst ? "warn" : "debug";
  for (const agentId of await parts.store.listRemoved()) {
    const work = () => finishRemoval(parts, agentId);
    const done = isFirst ? work() : parts.operations.run(agentId, { name: "clean-up" }, work);
    await done.catch((error: unknown) =>
      parts.log[level]({ agent_id: agentId, err: error }, "could not remove the data of a removed agent"),
    );
  }
}

/** Within the agent's turn. Does nothing to an agent that was not removed. */
export async function finishRemoval(parts: RemovalParts, agentId: string): Promise<void> {
  const { store, reach } = parts;
  if (!(await store.listRemoved()).includes(agentId)) return;
  await removeVolumes(parts, agentId);
  await reach("remove.volumes");
  await store.forgetRemoved(agentId);
}
