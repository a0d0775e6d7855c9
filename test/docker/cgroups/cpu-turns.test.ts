import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { createCpuTurns } from "../../../src/docker/cgroups/cpu-turns.ts";
import { temporaryTree } from "../../helpers/tree.ts";

const VERSIONS = {
  1: {
    time: "cpuacct/oken-agents/abc/cpuacct.usage",
    weight: "cpu/oken-agents/abc/cpu.shares",
    files: {
      "cpu/cpu.shares": "1024\n",
      "cpuacct/oken-agents/abc/cpuacct.usage": "5000000\n",
      "cpu/oken-agents/abc/cpu.shares": "1024\n",
    },
    usual: "1024",
    deferred: "20",
  },
  2: {
    time: "oken-agents/abc/cpu.stat",
    weight: "oken-agents/abc/cpu.weight",
    files: {
      "cgroup.controllers": "cpu memory pids\n",
      "oken-agents/abc/cpu.stat": "usage_usec 5000\nuser_usec 4000\nsystem_usec 1000\n",
      "oken-agents/abc/cpu.weight": "100\n",
    },
    usual: "100",
    deferred: "2",
  },
};

test.each([1, 2] as const)("containers wait by the weight of their group in version %d", async (version) => {
  const { files, weight, usual, deferred } = VERSIONS[version];
  await using host = await temporaryTree(files);
  const turns = createCpuTurns({ chosen: undefined, mount: host.path });
  const now = async () => (await readFile(join(host.path, weight), "utf8")).trim();
  expect(await turns.cpuTimes(["abc", "gone"])).toEqual({ abc: 5 });
  await turns.deferCpus("abc", true);
  expect(await now()).toBe(deferred);
  await turns.deferCpus("abc", false);
  expect(await now()).toBe(usual);
});

test("a weight that somebody has set stays", async () => {
  await using host = await temporaryTree({ "cgroup.controllers": "cpu\n", "docker/abc/cpu.weight": "300\n" });
  const turns = createCpuTurns({ chosen: undefined, mount: host.path });
  for (const isDeferred of [true, false]) await turns.deferCpus("abc", isDeferred);
  expect(await readFile(join(host.path, "docker/abc/cpu.weight"), "utf8")).toBe("300\n");
});

test("without control groups, or for a container that has ended, nothing is told and nothing happens", async () => {
  await using nowhere = await temporaryTree();
  await using empty = await temporaryTree({ "cgroup.controllers": "cpu\n" });
  for (const { path } of [nowhere, empty]) {
    const turns = createCpuTurns({ chosen: undefined, mount: path });
    expect(await turns.cpuTimes(["abc"])).toEqual({});
    await turns.deferCpus("abc", true);
  }
});
