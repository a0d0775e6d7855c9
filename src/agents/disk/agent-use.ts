import type { Agent } from "../agent.ts";
import type { Names } from "../../instance/names.ts";

/** A version that was replaced less long ago may be wanted again soon, milliseconds. */
const ROLLBACK_SOON_MS = 86_400_000;

/** `held`: it serves, or may have to soon. `idle`: its agent sleeps. `old`: only a rollback would need it. */
export type VersionUse = { number: number; image: string; use: "held" | "idle" | "old"; lastUsed: number };

/** What the disk must know of an agent. Times are wall clock, milliseconds. */
export type AgentUse = {
  id: string;
  current: number;
  /** The name of the current version's container. */
  container: string;
  /** No container of it runs or is being started. */
  isAsleep: boolean;
  lastUsed: number;
  versions: VersionUse[];
};

type Seen = Pick<Agent, "id" | "state" | "record" | "versions" | "currentVersion" | "lastInvoked"> & {
  retirements: Pick<Agent["retirements"], "has">;
};

export function agentUse(agent: Seen, { names, now }: { names: Names; now: number }): AgentUse {
  const { id, currentVersion } = agent;
  const current = currentVersion.version;
  const isAsleep = mayLoseAll(agent);
  const since = Date.parse(currentVersion.created_at);
  const lastUsed = Math.max(agent.lastInvoked ?? 0, since);
  const previous = agent.versions.findLast(({ version }) => version < current)?.version;
  const isWantedSoon = (version: number) => version === previous && now - since < ROLLBACK_SOON_MS;
  const useOf = (version: number): VersionUse["use"] => {
    if (agent.retirements.has(version)) return "held";
    if (version !== current && !isWantedSoon(version)) return "old";
    return isAsleep ? "idle" : "held";
  };
  return {
    id,
    current,
    container: names.container(id, current),
    isAsleep,
    lastUsed,
    versions: agent.versions.map(({ version, image, created_at }) => ({
      number: version,
      image,
      use: useOf(version),
      lastUsed: version === current ? lastUsed : Date.parse(created_at),
    })),
  };
}

/** Whether nothing of an agent is needed before its next start, which makes it anew. */
function mayLoseAll({ state }: Pick<Agent, "state">): boolean {
  return state === "idle" || state === "stopped" || state === "error";
}
