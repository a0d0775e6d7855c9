import type { ListedContainer } from "../docker/types.ts";
import { messageOf } from "../lib/errors.ts";
import { type Agent, createAgent, currentVersion } from "./agent.ts";
import type { AgentsContext } from "./context.ts";
import { moveTo } from "./state.ts";

/**
 * Rebuilds the registry from disk: every agent sleeps or is stopped until the engine says otherwise. What an unfinished
 * deploy left is removed; one damaged agent does not keep the others down.
 */
export async function loadAgents(context: AgentsContext): Promise<Loaded> {
  const { store, registry } = context;
  await store.clearStaging();
  const loaded = await Promise.all((await store.listAgents()).map((agentId) => load(context, agentId)));
  for (const outcome of loaded) if (outcome.agent !== undefined) registry.add(outcome.agent);
  return { damaged: loaded.flatMap((outcome) => outcome.damaged ?? []) };
}

/** Ids of agents whose record cannot be read: what they have in the engine is left as it is. */
export type Loaded = { damaged: string[] };

/**
 * Holds the registry against the engine's labels: agents whose container runs are adopted as they are, and what belongs
 * to no version is removed. Never rejects: an engine that is away keeps nothing down, and is asked again when it is back.
 */
export async function reconcile(context: AgentsContext, { damaged }: Loaded): Promise<void> {
  const { engine, log } = context;
  try {
    const containers = await engine.listContainers();
    await Promise.all([adoptRunning(context, containers), removeOrphans(context, containers, damaged)]);
    await removeOrphanImages(context, damaged);
    await engine.ensureNetwork();
    await engine.removeBuildNetworks();
  } catch (error) {
    log.error({ err: error }, "running agents were not adopted: the engine does not answer");
  }
}

/** Agents that sleep as far as we know, but whose current version's container runs. */
export async function adoptRunning(context: AgentsContext, containers: ListedContainer[]): Promise<void> {
  const adoptions = containers.map(async (container) => {
    const agent = ownerOf(context, container);
    if (agent !== undefined && isAsleep(agent) && container.running) await adopt(context, agent, container);
  });
  await Promise.all(adoptions);
}

async function load(
  { store, log }: AgentsContext,
  agentId: string,
): Promise<{ agent?: Agent; damaged?: string }> {
  try {
    const record = await store.readAgent(agentId);
    if (record === undefined) {
      log.info({ agent_id: agentId }, "removing what an unfinished first deploy left");
      await store.removeAgent(agentId);
      return {};
    }
    for (const version of await store.listVersions(agentId)) {
      if (!record.versions.includes(version)) await store.removeVersion(agentId, version);
    }
    const versions = await Promise.all(record.versions.map((version) => store.readVersion(agentId, version)));
    const state = record.desired === "stopped" ? "stopped" : "idle";
    const agent = createAgent({ record, versions, state, lastInvoked: await store.readLastInvoked(agentId) });
    currentVersion(agent);
    return { agent };
  } catch (error) {
    log.error(
      { agent_id: agentId, err: error },
      "an agent's record cannot be read; its directory is left as it is",
    );
    return { damaged: agentId };
  }
}

async function adopt(context: AgentsContext, agent: Agent, container: ListedContainer): Promise<void> {
  try {
    const instance = await context.instances.adopt(agent.id, currentVersion(agent), container);
    // An invoke may have woken it meanwhile: then it has an instance, of the same container.
    if (!isAsleep(agent)) return;
    agent.instance = instance;
    const { log, metrics } = context;
    moveTo(agent, "running", { log, metrics, reason: "adopted" });
  } catch (error) {
    context.log.warn(
      { agent_id: agent.id, reason: messageOf(error) },
      "a running container did not answer; the next invoke starts it anew",
    );
  }
}

function isAsleep(agent: Agent): boolean {
  return agent.state === "idle" && agent.waking === undefined;
}

/** The agent whose current version the container is of. */
function ownerOf({ registry }: AgentsContext, { identity }: ListedContainer): Agent | undefined {
  const agent = identity === undefined ? undefined : registry.find(identity.agentId);
  if (agent === undefined || identity?.version !== agent.record.current_version) return undefined;
  return identity.spec === currentVersion(agent).spec_digest ? agent : undefined;
}

async function removeOrphans(
  context: AgentsContext,
  containers: ListedContainer[],
  damaged: string[],
): Promise<void> {
  for (const container of containers) {
    if (ownerOf(context, container) !== undefined || damaged.includes(container.identity?.agentId ?? ""))
      continue;
    context.log.info(
      { container: container.name },
      "removing a container that belongs to no current version",
    );
    await context.engine.removeContainer(container.name);
  }
}

async function removeOrphanImages(
  { engine, registry, names }: AgentsContext,
  damaged: string[],
): Promise<void> {
  const known = new Set(registry.all().flatMap(({ versions }) => versions.map(({ image }) => image)));
  const kept = damaged.map((agentId) => names.image(agentId, 0).replace(/v0$/, ""));
  const isOrphan = (reference: string) =>
    !known.has(reference) && !kept.some((prefix) => reference.startsWith(prefix));
  const orphans = (await engine.listImages()).filter(isOrphan);
  if (orphans.length > 0) await engine.removeImages(orphans);
}
