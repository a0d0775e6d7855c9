import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Where the kernel's control groups are mounted. */
export const CGROUP_MOUNT = "/sys/fs/cgroup";

/** What a share of 1 is in cgroup v1 and v2: every group has it from the kernel. */
const V1 = { probe: "cpu/cpu.shares", controller: "cpu", file: "cpu.shares", unit: 1024 };
const V2 = { probe: "cgroup.controllers", controller: "", file: "cpu.weight", unit: 100 };

/** The group of the runner's own process, below the root. */
const OWN_GROUP = "oken-runner";

/**
 * The most that both versions allow. Only from about ten times the weight of what runs on does who wakes go first at
 * once; with the agents' own weight, the runner waited for ends of their turns, for up to 50 ms.
 */
const OWN_SHARE = 100;

/** Makes a group below the root with a share of the CPUs. Its directory, or undefined without the rights. */
export async function makeGroup(options: {
  mount: string;
  name: string;
  share: number;
}): Promise<string | undefined> {
  const { mount, name, share } = options;
  const version = [V1, V2].find(({ probe }) => existsSync(join(mount, probe)));
  if (version === undefined) return undefined;
  const directory = join(mount, version.controller, name);
  try {
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, version.file), String(version.unit * share));
    return directory;
  } catch {
    // In a container, or not as root.
    return undefined;
  }
}

/**
 * Gives this process a group of its own beside the agents', if it is in no group: a niceness holds among the processes
 * of a group, or of a session, alone. Who has put it into a group says there what it weighs.
 */
export async function enterOwnGroup({
  mount = CGROUP_MOUNT,
  groupsFile = "/proc/self/cgroup",
}: { mount?: string; groupsFile?: string } = {}): Promise<void> {
  try {
    if (!isInRoot(await readFile(groupsFile, "utf8"))) return;
    const directory = await makeGroup({ mount, name: OWN_GROUP, share: OWN_SHARE });
    if (directory !== undefined) await writeFile(join(directory, "cgroup.procs"), String(process.pid));
  } catch {
    // Not on Linux, or without the rights. Invokes then wait longer for agents that compute.
  }
}

/** Whether processes are weighed by themselves: `hierarchy:controllers:path` a line, without controllers in v2. */
function isInRoot(text: string): boolean {
  const groups = text.split("\n").map((line) => /^\d+:([^:]*):(.*)$/.exec(line));
  const weighing =
    groups.find((group) => group?.[1]?.split(",").includes("cpu")) ??
    groups.find((group) => group?.[1] === "");
  return weighing?.[2] === "/";
}
