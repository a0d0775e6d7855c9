import type { Manifest } from "../../model/manifest.ts";
import type { Agent } from "../agent.ts";
import type { AgentParts } from "../parts.ts";

type WithVolumes = Pick<Manifest, "volumes">;

/** The volumes that two versions may not have at the same time: both name the path, and not both share it. */
export function contestedVolumes(
  { volumes: some = [] }: WithVolumes,
  { volumes = [] }: WithVolumes,
): string[] {
  return some
    .filter(({ path, shared }) => volumes.some((it) => it.path === path && !(it.shared && shared)))
    .map(({ path }) => path);
}

/** What a deploy over another version says of the data. */
export function volumeWarnings(before: Agent | undefined, manifest: Manifest): string[] {
  if (before === undefined) return [];
  const had = before.currentVersion.manifest;
  const dropped = (had.volumes ?? []).filter(
    ({ path }) => !manifest.volumes?.some((volume) => volume.path === path),
  );
  const contested = contestedVolumes(had, manifest);
  return [
    ...dropped.map(
      ({ path }) =>
        `oken.toml no longer names the volume ${path}: its data stays, out of this version's reach, until the agent is deleted. Name it again to have it back.`,
    ),
    ...(contested.length === 0
      ? []
      : [
          `${contested.join(" and ")} is not shared, so this version starts after the one before has finished its requests and ended: new requests wait meanwhile. shared = true lets both overlap.`,
        ]),
  ];
}

/** The paths of all volumes that an agent has after this version, those of versions that are gone too. */
export function volumePaths(had: readonly string[] = [], { volumes = [] }: WithVolumes): string[] {
  return [...new Set([...had, ...volumes.map(({ path }) => path)])].sort();
}

/** The volumes of an agent as its view lists them. */
export function volumesOf({ id, record, currentVersion, volumeUse }: Agent, names: AgentParts["names"]) {
  const { volumes = [] } = currentVersion.manifest;
  return volumePaths(record.volumes, currentVersion.manifest).map((path) => {
    const current = volumes.find((volume) => volume.path === path);
    return {
      path,
      size_bytes: current?.size ?? null,
      used_bytes: volumeUse.bytes.get(path) ?? null,
      volume: names.volume(id, path),
      shared: current?.shared ?? false,
      current: current !== undefined,
    };
  });
}

/** Removes an agent's volumes, with all that is in them. Its containers must be gone. */
export async function removeVolumes({ engine }: Pick<AgentParts, "engine">, agentId: string): Promise<void> {
  const found = await volumesInEngine(engine, agentId);
  if (found.length > 0) await engine.removeVolumes(found);
}

/**
 * Notes which volumes an agent has before a deploy. What is given back removes those that were made since: of a deploy
 * that fails nothing is left, and no data of others is touched. It never rejects.
 */
export async function noteVolumes(
  { engine, log }: Pick<AgentParts, "engine" | "log">,
  agentId: string,
  { volumes }: WithVolumes,
): Promise<() => Promise<void>> {
  if (volumes === undefined) return () => Promise.resolve();
  const before = await volumesInEngine(engine, agentId);
  return async () => {
    try {
      const made = await volumesInEngine(engine, agentId);
      await engine.removeVolumes(made.filter((name) => !before.includes(name)));
    } catch (error) {
      log.error({ agent_id: agentId, err: error }, "could not remove the volumes that a failed deploy made");
    }
  };
}

async function volumesInEngine(engine: AgentParts["engine"], agentId: string): Promise<string[]> {
  const all = await engine.listVolumes();
  return all.filter((volume) => volume.agentId === agentId).map(({ name }) => name);
}
