import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { FactsReader } from "./engine-facts.ts";

/** Where the kernel's control groups are mounted. */
export const CGROUP_MOUNT = "/sys/fs/cgroup";

/** Our own group, below the root beside what builds, starts and runs the engine. */
export const AGENTS_GROUP = "oken-agents";

/**
 * Its share of the processors, beside one of every other group or process there: what is asked of agents goes before
 * what is done to deploy others. Weights are of cgroup v1 (`cpu.shares`, 1024 by default) and v2 (`cpu.weight`, 100).
 */
const SHARE = 8;
const V1 = {
  probe: "cpu/cpu.shares",
  group: join("cpu", AGENTS_GROUP),
  file: "cpu.shares",
  weight: 1024 * SHARE,
};
const V2 = { probe: "cgroup.controllers", group: AGENTS_GROUP, file: "cpu.weight", weight: 100 * SHARE };

export type AgentsCgroup = {
  /** For `docker run --cgroup-parent`; undefined for the engine's own choice. */
  parent(): Promise<string | undefined>;
};

/**
 * The operator's choice, if any. Otherwise a group of our own where the engine takes a path (its cgroupfs driver) and we
 * may make one: as root, on the engine's own host. With systemd's driver groups are slices, which systemd makes.
 */
export function createAgentsCgroup(options: {
  facts: FactsReader;
  chosen: string | undefined;
  /** Where the kernel's control groups are mounted. */
  mount?: string;
}): AgentsCgroup {
  const { facts, chosen, mount = CGROUP_MOUNT } = options;
  let made: Promise<string | undefined> | undefined;
  return {
    async parent() {
      if (chosen !== undefined) return chosen;
      if ((await facts.read()).cgroupDriver !== "cgroupfs") return undefined;
      made ??= makeGroup(mount);
      return made;
    },
  };
}

async function makeGroup(mount: string): Promise<string | undefined> {
  const version = [V1, V2].find(({ probe }) => existsSync(join(mount, probe)));
  if (version === undefined) return undefined;
  const directory = join(mount, version.group);
  try {
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, version.file), String(version.weight));
    return `/${AGENTS_GROUP}`;
  } catch {
    // Not ours to make: in a container, or without the rights. The engine's own group does as well, less evenly.
    return undefined;
  }
}
