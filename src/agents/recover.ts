import type { ListedContainer } from "../docker/types.ts";
import { messageOf } from "../lib/errors.ts";
import { ASLEEP } from "./activity.ts";
import { Agent } from "./agent.ts";
import type { AgentParts } from "./parts.ts";

type LoadParts = Pick<AgentParts, "store" | "history" | "registry" | "clock" | "log" | "metrics" | "feed">;
type AdoptParts = Pick<AgentParts, "registry" | "instances" | "log">;
type ReconcileParts = AdoptParts & Pick<AgentParts, "engine" | "names">;

/** Ids of agents whose record cannot be read: what they have in the engine is left as it is. */
export type Loaded = { damaged: string[] };

/**
 * Rebuilds the registry from disk: every agent sleeps or is stopped until the engine says otherwise. Removes what an
 * unfinished deploy left. One damaged agent does not keep the others down.
 */
export async function loadAgents(parts: LoadParts): Promise<Loaded> {
  const { store, history, registry } = parts;
  await store.clearStaging();
  const loaded = await Promise.all((await store.listAgents()).map((agentId) => load(parts, agentId)));
  for (const outcome of loaded) if (outcome.agent !== undefined) registry.add(outcome.agent);
  const damaged = loaded.flatMap((outcome) => outcome.damaged ?? []);
  await history.load((agentId) => registry.find(agentId) !== undefined || damaged.includes(agentId));
  return { damaged };
}

/**
 * Holds the registry against the engine's labels: adopts the containers that run, and removes what belongs to no
 * version. Never rejects: while the engine is away the runner goes on, and asks again when it is back.
 */
export async function reconcile(parts: ReconcileParts, { damaged }: Loaded): Promise<void> {
  const { engine, log } = parts;
  try {
    const containers = await engine.listContainers();
    await Promise.all([adoptRunning(parts, containers), removeOrphans(parts, containers, damaged)]);
    await removeOrphanImages(parts, damaged);
    await engine.ensureNetwork();
    await engine.removeBuildLeftovers();
  } catch (error) {
    log.error({ err: error }, "running agents were not adopted: the engine does not answer");
  }
}

/** Takes over the running and the paused containers of agents that we thought asleep. */
export async function adoptRunning(parts: AdoptParts, containers: ListedContainer[]): Promise<void> {
  const adoptions = containers.map(async (container) => {
    const agent = ownerOf(parts, container);
    // One without an address has left the network; the next wake replaces it.
    const canServe = container.running && container.address !== "";
    if (agent?.state !== "idle" || !canServe) return;
    if (container.paused) adoptPaused(parts, agent, container);
    else await adopt(parts, agent, container);
  });
  await Promise.all(adoptions);
}

async function load(
  { store, clock, log, metrics, feed }: LoadParts,
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

async function adopt(
  { instances, log }: AdoptParts,
  agent: Agent,
  container: ListedContainer,
): Promise<void> {
  try {
    const instance = await instances.adopt(agent.id, agent.currentVersion, container);
    // An invoke may have woken it meanwhile: then it has an instance, of the same container.
    if (agent.state === "idle") agent.move({ state: "running", instance }, { reason: "adopted" });
  } catch (error) {
    log.warn(
      { agent_id: agent.id, reason: messageOf(error) },
      "a running container did not answer; the next invoke starts it anew",
    );
  }
}

function adoptPaused({ instances }: AdoptParts, agent: Agent, container: ListedContainer): void {
  const instance = instances.adoptPaused(agent.id, agent.currentVersion, container);
  agent.move({ state: "paused", instance, pausing: Promise.resolve() }, { reason: "adopted" });
}

/** The agent whose current version the container is of. */
function ownerOf(
  { registry }: Pick<AgentParts, "registry">,
  { identity }: ListedContainer,
): Agent | undefined {
  const agent = identity === undefined ? undefined : registry.find(identity.agentId);
  if (agent === undefined || identity?.version !== agent.record.current_version) return undefined;
  return identity.spec === agent.currentVersion.spec_digest ? agent : undefined;
}

async function removeOrphans(
  parts: ReconcileParts,
  containers: ListedContainer[],
  damaged: string[],
): Promise<void> {
  for (const container of containers) {
    const owner = ownerOf(parts, container);
    // One that sleeps is found by its name, which was another in earlier releases.
    const isKept =
      owner !== undefined &&
      (container.running || container.name === parts.names.container(owner.id, owner.record.current_version));
    if (isKept || damaged.includes(container.identity?.agentId ?? "")) continue;
    parts.log.info({ container: container.name }, "removing a container that belongs to no current version");
    await parts.engine.removeContainer(container.name);
  }
}

async function removeOrphanImages(
  { engine, registry, names }: Pick<AgentParts, "engine" | "registry" | "names">,
  damaged: string[],
): Promise<void> {
  const known = new Set(registry.all().flatMap(({ versions }) => versions.map(({ image }) => image)));
  const kept = damaged.map((agentId) => names.image(agentId, 0).replace(/v0$/, ""));
  const isOrphan = (reference: string) =>
    !known.has(reference) && !kept.some((prefix) => reference.startsWith(prefix));
  const orphans = (await engine.listImages()).filter(isOrphan);
  if (orphans.length > 0) await engine.removeImages(orphans);
}
