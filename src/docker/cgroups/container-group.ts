import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { CGROUP_MOUNT } from "../../lib/control-groups.ts";
import { AGENTS_GROUP } from "./agents-cgroup.ts";

/** What the kernel has counted for a container. */
export type GroupFigures = {
  memoryBytes: number;
  /** CPU time since it started. */
  cpuMs: number;
  processes: number;
};

type Source = { controller: string; file: string; pattern: RegExp };
type Layout = {
  /** A file that exists at the mount of this version of control groups. */
  probe: string;
  memory: Source;
  /** Cached content of files that nobody uses. The kernel frees it before memory runs out. */
  inactive: Source;
  cpu: Source;
  cpuUnitsPerMs: number;
  processes: Source;
};

const NUMBER = /^(\d+)$/m;

const V1: Layout = {
  probe: "memory/memory.usage_in_bytes",
  memory: { controller: "memory", file: "memory.usage_in_bytes", pattern: NUMBER },
  inactive: { controller: "memory", file: "memory.stat", pattern: /^total_inactive_file (\d+)$/m },
  cpu: { controller: "cpuacct", file: "cpuacct.usage", pattern: NUMBER },
  cpuUnitsPerMs: 1e6,
  processes: { controller: "pids", file: "pids.current", pattern: NUMBER },
};

const V2: Layout = {
  probe: "cgroup.controllers",
  memory: { controller: "", file: "memory.current", pattern: NUMBER },
  inactive: { controller: "", file: "memory.stat", pattern: /^inactive_file (\d+)$/m },
  cpu: { controller: "", file: "cpu.stat", pattern: /^usage_usec (\d+)$/m },
  cpuUnitsPerMs: 1e3,
  processes: { controller: "", file: "pids.current", pattern: NUMBER },
};

export type GroupReader = {
  /** Undefined if the container does not run, or if its group cannot be seen: in a container, or on another host. */
  read(id: string): Promise<GroupFigures | undefined>;
};

export function createGroupReader(options: {
  /** The group that the operator chose for `docker run --cgroup-parent`. */
  chosen: string | undefined;
  /** Where the kernel's control groups are mounted. */
  mount?: string;
}): GroupReader {
  const { chosen, mount = CGROUP_MOUNT } = options;
  const layout = [V1, V2].find(({ probe }) => existsSync(join(mount, probe)));
  return {
    async read(id) {
      if (layout === undefined) return undefined;
      const { memory, inactive, cpu, cpuUnitsPerMs, processes } = layout;
      const group = groupPlaces(id, chosen).find((place) =>
        existsSync(join(mount, memory.controller, place)),
      );
      if (group === undefined) return undefined;
      const look = async ({ controller, file, pattern }: Source) => {
        const text = await readFile(join(mount, controller, group, file), "utf8");
        return Number(pattern.exec(text)?.[1]);
      };
      try {
        const [held, unused, time, count] = await Promise.all([
          look(memory),
          look(inactive),
          look(cpu),
          look(processes),
        ]);
        const figures = {
          memoryBytes: Math.max(0, held - unused),
          cpuMs: time / cpuUnitsPerMs,
          processes: count,
        };
        return Object.values(figures).every(Number.isFinite) ? figures : undefined;
      } catch {
        // It has just stopped.
        return undefined;
      }
    },
  };
}

/** Where an engine may put the group of a container. That depends on its cgroup driver and on the parent group. */
export function groupPlaces(id: string, chosen: string | undefined): string[] {
  const slice = chosen?.endsWith(".slice") ? chosen : "system.slice";
  return [
    ...[chosen, AGENTS_GROUP, "docker"].flatMap((parent) => (parent === undefined ? [] : join(parent, id))),
    join(slicePath(slice), `docker-${id}.scope`),
  ];
}

/** `a-b.slice` lies in `a.slice` (systemd.slice(5)). */
function slicePath(slice: string): string {
  const names = slice.replace(/\.slice$/, "").split("-");
  return join(...names.map((_, index) => `${names.slice(0, index + 1).join("-")}.slice`));
}
