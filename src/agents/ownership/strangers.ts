import type { Engine } from "../../docker/types.ts";
import { messageOf } from "../../lib/errors.ts";
import type { Log } from "../../lib/log.ts";
import type { Holder, Life } from "../../model/holder.ts";
import { holderOf } from "./claim.ts";

type StrangerParts = {
  engine: Pick<Engine, "claims" | "agentsOfAll" | "releaseClaim">;
  runnerId: string;
  /** This process. */
  own: Holder;
  lifeOf: (holder: Holder) => Promise<Life>;
  /** The command that removes what a runner's agents have. */
  removal: (runnerId: string) => string;
  log: Log;
};

/**
 * Names in the log the agents of other runners that do not run: their data directory may be lost, and nobody else would
 * say so. They are left as they are. Never rejects.
 */
export async function reportStrangers(parts: StrangerParts): Promise<void> {
  const { engine, runnerId, log } = parts;
  try {
    const [agents, claims] = await Promise.all([engine.agentsOfAll(), engine.claims()]);
    const strangers = Map.groupBy(agents, (agent) => agent.runnerId);
    strangers.delete(runnerId);
    for (const [stranger, containers] of strangers) {
      const claim = claims.findLast((it) => it.runnerId === stranger);
      const holder = claim === undefined ? undefined : holderOf(claim);
      if (claim !== undefined && (holder === undefined || (await parts.lifeOf(holder)) !== "ended")) continue;
      log.warn(
        {
          runner: stranger,
          agents: [...new Set(containers.map(({ agentId }) => agentId))].sort(),
          data_dir: holder?.dataDir,
          remove: parts.removal(stranger),
        },
        sentence(holder, parts.own),
      );
    }
  } catch (error) {
    log.warn({ reason: messageOf(error) }, "could not look for agents of runners that are gone");
  }
}

function sentence(holder: Holder | undefined, own: Holder): string {
  if (holder === undefined)
    return "the engine has agents of a runner that has left no other trace; if it is gone for good, remove them";
  if (holder.dataDir === own.dataDir)
    return "the engine has agents of the runner that had this data directory before it was emptied; put back a copy of runner.json and agents/, or remove them";
  return "the engine has agents of a runner that does not run; start it with its data directory, or remove them";
}
