import type { Clock } from "../../lib/clock.ts";
import type { GroupFigures, GroupReader } from "./container-group.ts";
import type { StatsSampler } from "./stats.ts";
import type { Engine } from "../types.ts";

/** Time between the two looks that give the CPU use. Less is noise, and more says little about the present. */
const MIN_WINDOW_MS = 1_000;
const MAX_WINDOW_MS = 60_000;

/** Time between the first two looks. */
const FIRST_WINDOW_MS = 25;

type Look = GroupFigures & { at: number };
/** The last look at a container, and the CPU use that it gave. */
type Known = { look: Look; cpuPercent: number };

/**
 * Reads what containers use from the kernel's control groups, or from samples of `docker stats` if those cannot be
 * seen.
 */
export function createUsage(options: {
  groups: GroupReader;
  stats: StatsSampler;
  clock: Clock;
}): Pick<Engine, "usage"> {
  const { groups, stats, clock } = options;
  const known = new Map<string, Known>();

  const lookAt = async (id: string): Promise<Look | undefined> => {
    const figures = await groups.read(id);
    return figures && { ...figures, at: clock.monotonic() };
  };

  const forgetOld = (now: number) => {
    for (const [id, { look }] of known) if (now - look.at > MAX_WINDOW_MS) known.delete(id);
  };

  /** The last look and this one. Without a last look: this one and another, a moment later. */
  async function twoLooks(id: string, look: Look): Promise<[before: Look, now: Look] | undefined> {
    const before = known.get(id)?.look;
    if (before !== undefined) return [before, look];
    await clock.sleep(FIRST_WINDOW_MS);
    const later = await lookAt(id);
    return later && [look, later];
  }

  return {
    async usage(id) {
      const look = await lookAt(id);
      if (look === undefined) return stats.latest(id);
      forgetOld(look.at);
      const { memoryBytes, processes } = look;
      const recent = known.get(id);
      if (recent !== undefined && look.at - recent.look.at < MIN_WINDOW_MS)
        return { memoryBytes, processes, cpuPercent: recent.cpuPercent };
      const looks = await twoLooks(id, look);
      if (looks === undefined) return undefined;
      const [before, now] = looks;
      const cpuPercent = percent(before, now);
      known.set(id, { look: now, cpuPercent });
      return { memoryBytes, processes, cpuPercent };
    },
  };
}

/** As in `docker stats`, 100 is one CPU. After a restart the kernel counts from 0 again. */
function percent(before: Look, now: Look): number {
  const share = Math.max(0, now.cpuMs - before.cpuMs) / (now.at - before.at);
  return Math.round(share * 10_000) / 100;
}
