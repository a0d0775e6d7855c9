import { CGROUP_MOUNT, makeGroup } from "../../lib/control-groups.ts";
import type { FactsReader } from "../engine-facts.ts";

/** The group of all agents. It stands below the root, beside the groups of the engine and of its builds. */
export const AGENTS_GROUP = "oken-agents";

/** Its share of the CPUs, where every other group has 1: invokes go before builds. */
const SHARE = 8;

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
      made ??= makeGroup({ mount, name: AGENTS_GROUP, share: SHARE }).then((directory) =>
        directory === undefined ? undefined : `/${AGENTS_GROUP}`,
      );
      return made;
    },
  };
}
