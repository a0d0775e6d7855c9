import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createGroupReader } from "../../../src/docker/cgroups/container-group.ts";

/** A directory instead of the kernel's, with these files. */
async function mounted(files: Record<string, string>) {
  const mount = await mkdtemp(join(tmpdir(), "oken-groups-"));
  await Promise.all(Object.entries(files).map(([path, text]) => Bun.write(join(mount, path), text)));
  return { mount, [Symbol.asyncDispose]: () => rm(mount, { recursive: true, force: true }) };
}

const V1_PROBE = { "memory/memory.usage_in_bytes": "1\n" };
const V2_PROBE = { "cgroup.controllers": "cpu memory pids\n" };

/** What version 2 of control groups writes for a container, in `group`. */
const v2Files = (group: string) => ({
  [`${group}/memory.current`]: "3000\n",
  [`${group}/memory.stat`]: "anon 1500\nfile 1500\ninactive_file 1000\n",
  [`${group}/cpu.stat`]: "usage_usec 5000\nuser_usec 4000\nsystem_usec 1000\n",
  [`${group}/pids.current`]: "7\n",
});
const FIGURES = { memoryBytes: 2000, cpuMs: 5, processes: 7 };

test("reads version 1, without the cached files that nobody uses", async () => {
  await using host = await mounted({
    ...V1_PROBE,
    "memory/oken-agents/abc/memory.usage_in_bytes": "3000\n",
    "memory/oken-agents/abc/memory.stat": "cache 1500\ninactive_file 1\ntotal_inactive_file 1000\n",
    "cpuacct/oken-agents/abc/cpuacct.usage": "5000000\n",
    "pids/oken-agents/abc/pids.current": "7\n",
  });
  expect(await createGroupReader({ chosen: undefined, mount: host.mount }).read("abc")).toEqual(FIGURES);
});

test.each([
  ["our own group", undefined, "oken-agents/abc"],
  ["the engine's group", undefined, "docker/abc"],
  ["a group that the operator chose", "/apps/agents", "apps/agents/abc"],
  ["systemd's slice", undefined, "system.slice/docker-abc.scope"],
  ["a slice that the operator chose", "apps-agents.slice", "apps.slice/apps-agents.slice/docker-abc.scope"],
])("reads version 2 in %s", async (_, chosen, group) => {
  await using host = await mounted({ ...V2_PROBE, ...v2Files(group) });
  expect(await createGroupReader({ chosen, mount: host.mount }).read("abc")).toEqual(FIGURES);
});

test("gives nothing for a container that does not run, or if a figure is missing", async () => {
  const { "docker/abc/pids.current": _, ...rest } = v2Files("docker/abc");
  await using host = await mounted({ ...V2_PROBE, ...rest });
  const reader = createGroupReader({ chosen: undefined, mount: host.mount });
  expect(await reader.read("abc")).toBeUndefined();
  expect(await reader.read("def")).toBeUndefined();
});

test("gives nothing without control groups", async () => {
  await using host = await mounted({});
  expect(await createGroupReader({ chosen: undefined, mount: host.mount }).read("abc")).toBeUndefined();
});
