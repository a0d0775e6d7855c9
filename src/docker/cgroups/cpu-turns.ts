import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { CGROUP_MOUNT } from "../../lib/control-groups.ts";
import { groupPlaces } from "./container-group.ts";
import type { Engine } from "../types.ts";

type File = { controller: string; name: string };
type Layout = {
  /** A file that exists at the mount of this version of control groups. */
  probe: string;
  time: File & { pattern: RegExp; unitsPerMs: number };
  /** `usual` is the kernel's own; a container that is deferred has about a fiftieth of it. */
  weight: File & { usual: string; deferred: string };
};

const V1: Layout = {
  probe: "cpu/cpu.shares",
  time: { controller: "cpuacct", name: "cpuacct.usage", pattern: /^(\d+)$/m, unitsPerMs: 1e6 },
  weight: { controller: "cpu", name: "cpu.shares", usual: "1024", deferred: "20" },
};

const V2: Layout = {
  probe: "cgroup.controllers",
  time: { controller: "", name: "cpu.stat", pattern: /^usage_usec (\d+)$/m, unitsPerMs: 1e3 },
  weight: { controller: "", name: "cpu.weight", usual: "100", deferred: "2" },
};

/**
 * Which containers have the CPUs first, by the weight of their control groups. It writes that itself: a
 * `docker update` for each would take more of the CPUs than it gives back.
 */
export function createCpuTurns(options: {
  /** The group that the operator chose for `docker run --cgroup-parent`. */
  chosen: string | undefined;
  /** Where the kernel's control groups are mounted. */
  mount?: string;
}): Pick<Engine, "cpuTimes" | "deferCpus"> {
  const { chosen, mount = CGROUP_MOUNT } = options;
  const layout = [V1, V2].find(({ probe }) => existsSync(join(mount, probe)));

  /** The path of a file of a container's group; undefined if the container does not run, or the group is not seen. */
  const pathOf = (id: string, { controller, name }: File) =>
    groupPlaces(id, chosen)
      .map((place) => join(mount, controller, place, name))
      .find((path) => existsSync(path));

  const timeOf = async (id: string, { time }: Layout): Promise<[string, number][]> => {
    const path = pathOf(id, time);
    // It may end at any moment.
    const text = path === undefined ? "" : await readFile(path, "utf8").catch(() => "");
    const count = time.pattern.exec(text)?.[1];
    return count === undefined ? [] : [[id, Number(count) / time.unitsPerMs]];
  };

  return {
    async cpuTimes(ids) {
      if (layout === undefined) return {};
      const times = await Promise.all(ids.map((id) => timeOf(id, layout)));
      return Object.fromEntries(times.flat());
    },

    async deferCpus(id, isDeferred) {
      if (layout === undefined) return;
      const path = pathOf(id, layout.weight);
      if (path === undefined) return;
      const { usual, deferred } = layout.weight;
      try {
        // A weight that somebody else gave it stays.
        const [from, to] = isDeferred ? [usual, deferred] : [deferred, usual];
        if ((await readFile(path, "utf8")).trim() === from) await writeFile(path, to);
      } catch {
        // Not as root, or it has just ended.
      }
    },
  };
}
