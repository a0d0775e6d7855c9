import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { FactsReader } from "./engine-facts.ts";

/** Where the kernel's control groups are mounted. */
export const CGROUP_MOUNT = "/sys/fs/cgroup";

/** The group of all agents. It stands below the root, beside the groups of the engine and of its builds. */
export const AGENTS_GROUP = "oken-agents";

/**
 * Its share of the CPUs, where every other group has 1: invokes go before builds. The weights are of cgroup v1
 * (`cpu.shares`, 1024 by default) and v2 (`cpu.weight`, 100 by default).
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
 * The group that the operator chose, if any. Otherwise a group of our own. That needs the engine's cgroupfs driver,
 * since with the systemd driver groups are slices, which systemd makes. It also needs root on the engine's host.
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
    // In a container, or without the rights. The engine's default group works too, but agents have no more weight.
    return undefined;
  }
}
