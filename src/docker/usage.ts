import type { Clock } from "../lib/clock.ts";
import type { GroupFigures, GroupReader } from "./container-group.ts";
import type { StatsSampler } from "./stats.ts";
import type { Engine } from "./types.ts";

/** Between two looks of which a CPU's use is told: less is noise, more says little about now. */
const MIN_WINDOW_MS = 1_000;
const MAX_WINDOW_MS = 60_000;

/** Between two looks when there was none before. */
const FIRST_WINDOW_MS = 25;

type Look = GroupFigures & { at: number };
/** The last look at a container, and the use that it was told with. */
type Known = { look: Look; cpuPercent: number };

/** What containers use: from the kernel's own account where it can be seen, at once, else from samples of `docker stats`. */
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

  /** The look before this one; where there is none, one taken just now and another a moment later. */
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

/** As `docker stats` has it: 100 is one CPU. A container that was restarted counts from nought again. */
function percent(before: Look, now: Look): number {
  const share = Math.max(0, now.cpuMs - before.cpuMs) / (now.at - before.at);
  return Math.round(share * 10_000) / 100;
}
