import { messageOf } from "../../lib/errors.ts";
import type { AgentParts } from "../parts.ts";

type MissingParts = Pick<AgentParts, "engine" | "registry" | "names" | "log">;

/**
 * Names in the log the agents whose data the engine does not have, though they were started with it: it may be another
 * engine than before, or somebody has pruned volumes. Their next start makes empty ones, and nobody else would say so.
 * Never rejects.
 */
export async function reportMissingVolumes({ engine, registry, names, log }: MissingParts): Promise<void> {
  const withVolumes = registry.all().filter(({ currentVersion: { manifest } }) => manifest.volumes?.length);
  if (withVolumes.length === 0) return;
  try {
    const existing = new Set((await engine.listVolumes()).map(({ name }) => name));
    for (const { id, currentVersion } of withVolumes) {
      const paths = (currentVersion.manifest.volumes ?? []).map(({ path }) => path);
      const missing = paths.filter((path) => !existing.has(names.volume(id, path)));
      if (missing.length > 0)
        log.warn(
          { agent_id: id, paths: missing, volumes: missing.map((path) => names.volume(id, path)) },
          "the engine has no volume of this agent's data: it is another engine than before, or somebody removed it; the agent's next start makes an empty one",
        );
    }
  } catch (error) {
    log.debug({ reason: messageOf(error) }, "could not look for agents' volumes");
  }
}
