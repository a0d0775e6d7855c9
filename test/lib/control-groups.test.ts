import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";

import { enterOwnGroup } from "../../src/lib/control-groups.ts";
import { scratchDirectory } from "../fixtures/archives/scratch.ts";
import { writeTree } from "../helpers/tree.ts";

test.each([
  [
    "1",
    "cpu/cpu.shares",
    "cpu/oken-runner",
    "cpu.shares",
    "102400",
    "7:memory:/\n5:cpu,cpuacct:/\n0::/init\n",
  ],
  ["2", "cgroup.controllers", "oken-runner", "cpu.weight", "10000", "0::/\n"],
])(
  "a runner in no control group makes one with a hundred times the usual weight, in version %s",
  async (_, probe, group, file, weight, groups) => {
    await using scratch = await scratchDirectory();
    await writeTree(scratch.path(), { [`mount/${probe}`]: "", groups });
    await enterOwnGroup({ mount: scratch.path("mount"), groupsFile: scratch.path("groups") });
    expect(await readFile(scratch.path(`mount/${group}/${file}`), "utf8")).toBe(weight);
    expect(await readFile(scratch.path(`mount/${group}/cgroup.procs`), "utf8")).toBe(String(process.pid));
  },
);

test.each(["0::/system.slice/oken-runner.service\n", "5:cpu:/docker/3f1a\n0::/\n"])(
  "a runner that was put into a control group stays there: %j",
  async (groups) => {
    await using scratch = await scratchDirectory();
    await mkdir(scratch.path("mount"));
    await writeTree(scratch.path(), { "mount/cgroup.controllers": "", groups });
    await enterOwnGroup({ mount: scratch.path("mount"), groupsFile: scratch.path("groups") });
    expect(existsSync(scratch.path("mount/oken-runner"))).toBe(false);
  },
);

test("a runner that may make no group, or has no groups, starts all the same", async () => {
  await using scratch = await scratchDirectory();
  await writeTree(scratch.path(), {
    "cpu/cpu.shares": "",
    "cpu/oken-runner": "no directory",
    groups: "5:cpu:/\n",
  });
  await enterOwnGroup({ mount: scratch.path(), groupsFile: scratch.path("groups") });
  await enterOwnGroup({ mount: scratch.path(), groupsFile: scratch.path("none") });
  await writeFile(scratch.path("groups"), "nothing of the kind\n");
  await enterOwnGroup({ mount: scratch.path(), groupsFile: scratch.path("groups") });
  expect(await readFile(scratch.path("cpu/oken-runner"), "utf8")).toBe("no directory");
});
