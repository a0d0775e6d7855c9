import { showBytes } from "../../lib/bytes.ts";
import { RunnerError } from "../../lib/errors.ts";
import type { VersionRecord } from "../../model/agent.ts";
import type { Volume } from "../../model/manifest.ts";
import type { Agent } from "../agent.ts";
import type { AgentParts } from "../parts.ts";

/** Between two looks at the data of an agent that runs, milliseconds: each starts a container. */
const LOOK_EVERY_MS = 60_000;

/** A wake that was refused looks again after so long, milliseconds: somebody may have made room. */
const LOOK_AGAIN_MS = 5_000;

export type SizeParts = Pick<AgentParts, "engine" | "names" | "clock">;
type SweepParts = SizeParts & Pick<AgentParts, "registry" | "operations" | "log">;

/** The volumes that hold more than their size, as of the last look, in words. */
function overfull({ volumeUse }: Agent, { manifest }: Pick<VersionRecord, "manifest">): string[] {
  return sized(manifest).flatMap(({ path, size }) => {
    const used = volumeUse.bytes.get(path) ?? 0;
    return used > size ? [`${path} holds ${showBytes(used)}, and its size is ${showBytes(size)}`] : [];
  });
}

/** @throws RunnerError DISK_FULL before the start of an agent whose volumes hold more than their size */
export async function requireRoom(parts: SizeParts, agent: Agent): Promise<void> {
  const { currentVersion: version, volumeUse } = agent;
  if (overfull(agent, version).length === 0) return;
  if (parts.clock.monotonic() - volumeUse.lookedAt >= LOOK_AGAIN_MS) await look(parts, agent);
  const over = overfull(agent, version);
  if (over.length === 0) return;
  throw new RunnerError(
    "DISK_FULL",
    `Agent ${agent.id} is not started: its volume ${over.join("; ")}. Deploy it with a larger size in oken.toml, or with code that removes files: a deploy starts it.`,
  );
}

/** Looks how much is in the volumes of agents that may have written; one agent after the other. Never rejects. */
export function createVolumeSweep(parts: SweepParts): () => Promise<void> {
  const { registry, operations, clock, log } = parts;
  let underWay: Promise<void> | undefined;

  const isDue = (agent: Agent) =>
    sized(agent.currentVersion.manifest).length > 0 &&
    (agent.resident !== undefined || agent.volumeUse.isStale) &&
    clock.monotonic() - agent.volumeUse.lookedAt >= LOOK_EVERY_MS;

  const lookAt = async (agent: Agent) => {
    // A look holds the volumes, which a removal wants to be free.
    await operations.run(agent.id, { name: "clean-up" }, async () => {
      if (registry.find(agent.id) !== agent) return;
      const before = overfull(agent, agent.currentVersion);
      await look(parts, agent);
      const over = overfull(agent, agent.currentVersion);
      if (over.length > 0 && before.length === 0)
        log.warn({ agent_id: agent.id, volumes: over }, "an agent has more data than its size allows");
    });
  };

  const sweep = async () => {
    for (const agent of registry.all().filter(isDue))
      await lookAt(agent).catch((error: unknown) => {
        log.debug({ agent_id: agent.id, err: error }, "could not look at an agent's volumes");
      });
  };

  return () => (underWay ??= sweep().finally(() => (underWay = undefined)));
}

async function look({ engine, names, clock }: SizeParts, agent: Agent): Promise<void> {
  const { volumeUse, currentVersion } = agent;
  volumeUse.lookedAt = clock.monotonic();
  const paths = sized(currentVersion.manifest).map(({ path }) => path);
  const wasResident = agent.resident !== undefined;
  const used = await engine.measureVolumes({
    image: currentVersion.image,
    names: paths.map((path) => names.volume(agent.id, path)),
  });
  for (const path of paths) {
    const bytes = used[names.volume(agent.id, path)];
    if (bytes !== undefined) volumeUse.bytes.set(path, bytes);
  }
  volumeUse.isStale = wasResident;
}

function sized({ volumes = [] }: { volumes?: Volume[] | undefined }): (Volume & { size: number })[] {
  return volumes.flatMap((volume) => (volume.size === undefined ? [] : [{ ...volume, size: volume.size }]));
}
