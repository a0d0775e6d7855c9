import type { CacheRecord, DiskContainer, DiskImage, EngineDisk } from "../../model/engine-disk.ts";
import type { AgentUse, VersionUse } from "./agent-use.ts";
import { evictable } from "./cache-order.ts";
import type { Candidate, Entry } from "./entry.ts";
import type { OwnFiles } from "./own-files.ts";

/** No upload, deploy or backup is at its files for so long, milliseconds. */
const STAGING_LEFT_MS = 86_400_000;

type Owner = { agent: AgentUse; version: VersionUse };

/** What was found, before it is known what may go. */
export type Found = {
  agents: AgentUse[];
  engine: EngineDisk;
  /** Bytes of the containers' logs, by their ids. */
  logs: ReadonlyMap<string, number>;
  files: OwnFiles;
  /** Wall clock, milliseconds. */
  now: number;
};

/** All that a runner has made, with what is in use and what may go. */
export function inventoryOf({ agents, engine, logs, files, now }: Found): Entry[] {
  const byContainer = new Map(agents.map((agent) => [agent.container, agent]));
  const byImage = new Map(
    agents.flatMap((agent) => agent.versions.map((version) => [version.image, { agent, version }] as const)),
  );
  // One that runs and is not adopted, since it did not answer.
  const running = new Set(engine.containers.filter((it) => it.running).map(({ name }) => name));
  return [
    ...engine.images.map((image) => imageEntry(image, { byImage, running })),
    ...sharedLayers(engine.images),
    ...engine.containers.flatMap((container) =>
      containerEntries(container, {
        agent: byContainer.get(container.name),
        log: logs.get(container.id) ?? 0,
      }),
    ),
    ...engine.volumes.map(({ agentId, path, bytes }): Entry => ({
      part: "volumes",
      place: "engine",
      name: `volume ${path}`,
      agentId,
      bytes,
      // Nobody can make data again.
      isInUse: true,
    })),
    ...cacheEntries(engine.cache),
    ...fileEntries(files, { agents, now }),
  ];
}

function imageEntry(
  { id, references, bytes, containers }: DiskImage,
  { byImage, running }: { byImage: ReadonlyMap<string, Owner>; running: ReadonlySet<string> },
): Entry {
  const base = { part: "images", place: "engine", bytes } as const;
  const owner = references.map((reference) => byImage.get(reference)).find((it) => it !== undefined);
  if (owner !== undefined) {
    const { agent, version } = owner;
    const removal = { kind: "image", agentId: agent.id, version: version.number } as const;
    const isInUse =
      version.use === "held" || (version.number === agent.current && running.has(agent.container));
    const named = { ...base, name: version.image, agentId: agent.id, isInUse };
    if (isInUse) return named;
    const tier = version.use === "old" ? ("old_images" as const) : ("idle_images" as const);
    return { ...named, candidate: { tier, lastUsed: version.lastUsed, frees: bytes, removal } };
  }
  const isLeft = references.length === 0 && containers === 0;
  return {
    ...base,
    name: references[0] ?? id,
    isInUse: !isLeft,
    ...(isLeft && leaving({ frees: bytes, removal: { kind: "unnamed_image", id } })),
  };
}

/** What several images have is counted once: the engine does not say which of them share it. */
function sharedLayers(images: DiskImage[]): Entry[] {
  const bytes = Math.max(0, ...images.map(({ sharedBytes }) => sharedBytes));
  if (bytes === 0) return [];
  return [{ part: "images", place: "engine", name: "what images share", bytes, isInUse: true }];
}

function containerEntries(
  { name, bytes, running }: DiskContainer,
  { agent, log }: { agent: AgentUse | undefined; log: number },
): Entry[] {
  const owner = agent === undefined ? {} : { agentId: agent.id };
  const mayGo = agent !== undefined && agent.isAsleep && !running;
  const base = { place: "engine", name, ...owner, isInUse: !mayGo } as const;
  const candidate: Candidate | undefined = mayGo
    ? {
        tier: "containers",
        lastUsed: agent.lastUsed,
        frees: bytes + log,
        removal: { kind: "container", agentId: agent.id, version: agent.current },
      }
    : undefined;
  return [
    { part: "containers", ...base, bytes, ...(candidate && { candidate }) },
    { part: "logs", ...base, bytes: log },
  ];
}

function cacheEntries(records: CacheRecord[]): Entry[] {
  const order = evictable(records);
  const mayGo = new Set(order.map(({ id }) => id));
  const held = records.filter(({ id, isShared }) => !mayGo.has(id) && !isShared);
  return [
    // Of those used at the same time the first must go first.
    ...order.map(({ id, bytes, lastUsed }) =>
      cacheEntry(id, bytes, { tier: "build_cache", lastUsed, frees: bytes, removal: { kind: "cache", id } }),
    ),
    // The bytes of what is shared are counted with the images.
    ...held.map(({ id, bytes }) => cacheEntry(id, bytes)),
  ];
}

function cacheEntry(name: string, bytes: number, candidate?: Candidate): Entry {
  const isInUse = candidate === undefined;
  return { part: "build_cache", place: "engine", name, bytes, isInUse, ...(candidate && { candidate }) };
}

function fileEntries(files: OwnFiles, { agents, now }: { agents: AgentUse[]; now: number }): Entry[] {
  const current = new Map(agents.map((agent) => [agent.id, agent.current]));
  const runner = { place: "runner" } as const;
  return [
    ...files.versions.map(({ agentId, version, bytes }): Entry => ({
      ...runner,
      part: "versions",
      name: `version ${version}`,
      agentId,
      bytes,
      isInUse: current.get(agentId) === version,
    })),
    ...files.kept.map(({ agentId, bytes }): Entry => ({
      ...runner,
      part: "versions",
      name: "packages of builds",
      agentId,
      bytes,
      isInUse: true,
    })),
    ...files.deployments.map(({ agentId, bytes }): Entry => ({
      ...runner,
      part: "deployments",
      name: "records",
      agentId,
      bytes,
      isInUse: false,
    })),
    ...files.staging.map(({ path, bytes, changedAt }): Entry => {
      const isLeft = now - changedAt > STAGING_LEFT_MS;
      return {
        ...runner,
        part: "staging",
        name: path,
        bytes,
        isInUse: !isLeft,
        ...(isLeft && leaving({ frees: bytes, removal: { kind: "staging", path } })),
      };
    }),
  ];
}

function leaving(what: Pick<Candidate, "frees" | "removal">): { candidate: Candidate } {
  return { candidate: { tier: "leavings", lastUsed: 0, ...what } };
}
