import type { ListedContainer } from "../../docker/types.ts";
import { allDone } from "../../lib/all-done.ts";
import { STOP_GRACE_SECONDS } from "../../lib/agent-container.ts";
import { messageOf, whyOf } from "../../lib/errors.ts";
import type { Agent } from "../agent.ts";
import type { AgentParts } from "../parts.ts";
import type { Loaded } from "./load-agents.ts";
import { finishRemovals } from "../removals.ts";

type AdoptParts = Pick<AgentParts, "registry" | "instances" | "inherited" | "log">;
export type ReconcileParts = AdoptParts &
  Pick<AgentParts, "engine" | "names" | "store" | "operations" | "builder" | "firstLook" | "reach">;

export type ReconcileOptions = Loaded & {
  /** No operation has begun yet, and none does before the end: nothing that is found is anybody's work. */
  isFirst: boolean;
};

/**
 * Holds the registry against the engine's labels: adopts the containers that run, and removes what belongs to no
 * version. Never rejects. False if it could not be done: the engine may be away, and the runner goes on.
 */
export async function reconcile(parts: ReconcileParts, options: ReconcileOptions): Promise<boolean> {
  const { engine, registry, firstLook, log, reach } = parts;
  try {
    const containers = await engine.listContainers();
    await reach("reconcile.listed");
    const byAgent = Map.groupBy(containers, ({ identity }) => identity?.agentId);
    for (const { id } of registry.all()) if (!byAgent.has(id)) firstLook.done(id);
    await Promise.all(
      [...byAgent].map(async ([agentId, found]) => {
        await Promise.all([adoptRunning(parts, found), clear(parts, { ...options, agentId, found })]);
        if (agentId !== undefined) firstLook.done(agentId);
      }),
    );
    firstLook.allDone();
    await reach("reconcile.adopted");
    await finishRemovals(parts, options);
    if (!options.isFirst && isAtWork(parts)) return false;
    // Beside each other: `/health` waits for the last of them, and each starts processes.
    await allDone([
      removeOrphanImages(parts, options.damaged),
      engine.ensureNetwork(),
      engine.removeBuildLeftovers(),
    ]);
    await reach("reconcile.done");
    return true;
  } catch (error) {
    const level = options.isFirst ? "error" : "debug";
    log[level](whyOf(error), "running agents were not adopted: the engine does not answer");
    return false;
  } finally {
    firstLook.allDone();
  }
}

/** Takes over the running and the paused containers of agents that we thought asleep. */
export async function adoptRunning(parts: AdoptParts, containers: ListedContainer[]): Promise<void> {
  const byAgent = Map.groupBy(containers, (container) => ownerOf(parts, container));
  const adoptions = [...byAgent].map(async ([agent, found]) => {
    if (agent?.state !== "idle") return;
    // One without an address has left the network; the next wake replaces it.
    const wanted = wantedOf(agent, found).filter(({ address }) => address !== "");
    const [first] = wanted;
    if (first?.paused) adoptPaused(parts, agent, first);
    else await adopt(parts, agent, wanted);
  });
  await Promise.all(adoptions);
}

/** Those of an agent's running containers that are to stay, the first instance first; a paused one where none serves. */
function wantedOf({ currentVersion: { manifest } }: Agent, found: ListedContainer[]): ListedContainer[] {
  const running = found
    .filter((container) => container.running)
    .sort((one, other) => numberOf(one) - numberOf(other));
  const serving = running.filter(({ paused }) => !paused);
  return serving.length === 0 ? running.slice(0, 1) : serving.slice(0, manifest.replicas?.max ?? 1);
}

function numberOf({ identity }: ListedContainer): number {
  return identity?.replica ?? 1;
}

/** All at once, or what serves already would have more started beside it. */
async function adopt(parts: AdoptParts, agent: Agent, containers: ListedContainer[]): Promise<void> {
  const { instances, inherited, log } = parts;
  const version = agent.currentVersion;
  const tried = containers.map((container) =>
    instances.adopt(agent.id, version, container).catch((error: unknown) => {
      log.warn(
        { agent_id: agent.id, container: container.name, reason: messageOf(error) },
        "a running container did not answer; the next invoke starts it anew",
      );
    }),
  );
  const [instance, ...others] = (await Promise.all(tried)).flatMap((it) => it ?? []);
  // An invoke may have woken it meanwhile: then it has an instance, of the first container.
  const isNeeded = (container: ListedContainer) =>
    numberOf(container) === 1 && (agent.state !== "idle" || instance === undefined);
  const adopted = new Set(agent.state === "idle" ? [instance, ...others].map((it) => it?.container.id) : []);
  const rest = containers.filter((container) => !adopted.has(container.id) && !isNeeded(container));
  // One that the runner before uses may be too busy to answer.
  const unused = rest.filter(({ id }) => !inherited.has(id));
  const removed = unused.map(({ name }) => instances.remove(agent.id, name));
  if (instance === undefined || agent.state !== "idle") return void (await Promise.all(removed));
  for (const each of [instance, ...others]) inherited.adopted(agent, each);
  for (const other of others)
    agent.replicas.serves(agent.replicas.add({ version: version.version, number: other.replica }), other);
  agent.move({ state: "running", instance }, { reason: "adopted" });
  await Promise.all(removed);
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

type Cleared = ReconcileOptions & { agentId: string | undefined; found: ListedContainer[] };

/** Ends those of an agent's containers that should not be. What fails is logged, and left for the next start. */
async function clear(parts: ReconcileParts, { agentId, found, damaged, isFirst }: Cleared): Promise<void> {
  // Those of no agent are this run's by then: of builds from source, and of looks at the firewall.
  if (agentId === undefined && !isFirst) return;
  if (damaged.includes(agentId ?? "")) return;
  const work = async () => {
    const byOwner = Map.groupBy(found, (container) => ownerOf(parts, container));
    const wanted = [...byOwner].flatMap(([agent, of]) => (agent === undefined ? [] : wantedOf(agent, of)));
    for (const container of found) await endUnwanted(parts, container, wanted);
  };
  try {
    if (isFirst) await work();
    else await parts.operations.run(agentId ?? "", { name: "clean-up" }, work);
  } catch (error) {
    parts.log.error({ agent_id: agentId, err: error }, "could not remove all that an earlier run left");
  }
}

/** Known by its id: under its name there may be another one since it was listed. */
async function endUnwanted(
  parts: ReconcileParts,
  container: ListedContainer,
  wanted: readonly ListedContainer[],
): Promise<void> {
  const { engine, registry, names, inherited, log } = parts;
  const { id, name, running, identity } = container;
  if (inherited.has(id)) {
    // The runner before has requests inside.
    const later = { agentId: identity?.agentId, found: [container], damaged: [], isFirst: false };
    void inherited.left(id).then(() => clear(parts, later));
    return;
  }
  const agent = identity === undefined ? undefined : registry.find(identity.agentId);
  if (agent?.instances().some((instance) => instance.container.id === id)) return;
  const owner = ownerOf(parts, container);
  // One that sleeps is found by its name, which was another in earlier releases.
  const isKept =
    owner !== undefined &&
    (wanted.includes(container) ||
      (!running && name === names.container(owner.id, owner.record.current_version)));
  if (!isKept) {
    log.info({ container: name }, "removing a container that belongs to no current version");
    await engine.removeContainer(id);
  } else if (running && owner.state === "stopped") {
    log.info({ container: name }, "stopping the container of an agent that was stopped");
    await engine.stopContainer(id, STOP_GRACE_SECONDS);
    if (numberOf(container) !== 1) await engine.removeContainer(id);
  }
}

/** An image may be of a build under way. */
function isAtWork({ operations, builder }: Pick<AgentParts, "operations" | "builder">): boolean {
  const { running, waiting } = builder.builds();
  return running + waiting + operations.underWay("deploy") > 0;
}

/** Their registry may be away for long, which is no reason to adopt everything again. The next start tries again. */
async function removeOrphanImages(
  { engine, registry, names, log }: Pick<AgentParts, "engine" | "registry" | "names" | "log">,
  damaged: string[],
): Promise<void> {
  const known = new Set(registry.all().flatMap(({ versions }) => versions.map(({ image }) => image)));
  const kept = damaged.map((agentId) => names.image(agentId, 0).replace(/v0$/, ""));
  const isOrphan = (reference: string) =>
    !known.has(reference) && !kept.some((prefix) => reference.startsWith(prefix));
  const orphans = (await engine.listImages()).filter(isOrphan);
  await engine
    .removeImages(orphans)
    .catch((error: unknown) =>
      log.warn({ images: orphans, err: error }, "images that belong to no version could not be removed"),
    );
}
