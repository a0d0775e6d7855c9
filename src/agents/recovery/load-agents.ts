import { ASLEEP } from "../activity.ts";
import { Agent } from "../agent.ts";
import type { AgentParts } from "../parts.ts";

type LoadParts = Pick<
  AgentParts,
  "store" | "history" | "registry" | "names" | "clock" | "log" | "metrics" | "feed" | "reach"
>;

/** Ids of agents whose record cannot be read: what they have in the engine is left as it is. */
export type Loaded = { damaged: string[] };

/**
 * Rebuilds the registry from disk: every agent sleeps or is stopped until the engine says otherwise. Removes what an
 * unfinished deploy left. One damaged agent does not keep the others down.
 */
export async function loadAgents(parts: LoadParts): Promise<Loaded> {
  const { store, history, registry, reach } = parts;
  await store.clearStaging();
  await reach("load.cleared");
  const loaded = await Promise.all((await store.listAgents()).map((agentId) => load(parts, agentId)));
  for (const outcome of loaded) if (outcome.agent !== undefined) registry.add(outcome.agent);
  const damaged = loaded.flatMap((outcome) => outcome.damaged ?? []);
  await history.load((agentId) => registry.find(agentId) !== undefined || damaged.includes(agentId));
  await reach("load.read");
  return { damaged };
}

async function load(
  { store, names, clock, log, metrics, feed }: LoadParts,
  agentId: string,
): Promise<{ agent?: Agent; damaged?: string }> {
  try {
    const record = await store.readAgent(agentId);
    if (record === undefined) {
      log.info({ agent_id: agentId }, "removing what an unfinished first deploy left");
      await store.removeAgent(agentId);
      return {};
    }
    await store.clearUnfinished(agentId);
    for (const version of await store.listVersions(agentId)) {
      if (!record.versions.includes(version)) await store.removeVersion(agentId, version);
    }
    // The runner may have another registry now than when it was built.
    const readVersion = async (version: number) => ({
      ...(await store.readVersion(agentId, version)),
      image: names.image(agentId, version),
    });
    const versions = await Promise.all(record.versions.map(readVersion));
    const agent = new Agent({
      record,
      versions,
      activity: record.desired === "stopped" ? { state: "stopped" } : ASLEEP,
      lastInvoked: await store.readLastInvoked(agentId),
      clock,
      log,
      metrics,
      feed,
    });
    requireCurrentVersion(agent);
    return { agent };
  } catch (error) {
    log.error(
      { agent_id: agentId, err: error },
      "an agent's record cannot be read; its directory is left as it is",
    );
    return { damaged: agentId };
  }
}

function requireCurrentVersion(agent: Agent): void {
  void agent.currentVersion;
}
