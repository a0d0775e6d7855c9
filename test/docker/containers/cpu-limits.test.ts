import { expect, test } from "bun:test";

import { createCpuLimits } from "../../../src/docker/containers/cpu-limits.ts";
import { createFactsReader } from "../../../src/docker/engine-facts.ts";
import type { DockerExec } from "../../../src/docker/exec.ts";

/** The limits on a host with two CPUs, unless `docker info` says otherwise, and the updates that were made. */
function host({ info = "[]\ncgroupfs\nrunc\n2\n", runtime }: { info?: string; runtime?: string } = {}) {
  const updates: string[][] = [];
  const exec: DockerExec = {
    async run(args) {
      if (args[0] === "info") return info;
      updates.push(args);
      return "";
    },
    stream: () => {
      throw new Error("nothing is streamed here");
    },
    close: async () => undefined,
  };
  return { limits: createCpuLimits({ exec, facts: createFactsReader(exec), runtime }), updates };
}

test("a container with fewer CPUs than the host can start with all of them", async () => {
  const { limits, updates } = host();
  expect(await limits.canBoost(0.5)).toBe(true);
  await limits.boost("c1", 0.5);
  await limits.limit("c1", 0.5);
  expect(updates).toEqual([
    ["update", "--cpus", "2", "--", "c1"],
    ["update", "--cpus", "0.5", "--", "c1"],
  ]);
});

test.each([
  ["a container with all CPUs of the host", {}, 2],
  ["a runtime that takes no new limit", { runtime: "runsc" }, 1],
  ["an engine whose default is such a runtime", { info: "[]\ncgroupfs\nrunsc\n2\n" }, 1],
])("%s is limited from the start", async (_, options, cpus) => {
  const { limits, updates } = host(options);
  expect(await limits.canBoost(cpus)).toBe(false);
  await limits.boost("c1", cpus);
  await limits.limit("c1", cpus);
  expect(updates).toEqual([]);
});

test("while the engine does not answer, no container starts with more, and a limit is still set", async () => {
  const { limits, updates } = host({ info: "[]\n\n\n0\n" });
  expect(await limits.canBoost(1)).toBe(false);
  await limits.boost("c1", 1);
  await limits.limit("c1", 1);
  expect(updates).toEqual([["update", "--cpus", "1", "--", "c1"]]);
});
