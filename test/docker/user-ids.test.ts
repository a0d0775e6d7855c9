import { expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { userIds } from "../../src/docker/user-ids.ts";

const ALL = 2 ** 31 - 1;

test.each([
  ["on a host", ["name=seccomp,profile=builtin"], "0 0 4294967295", { largest: ALL, mapped: false }],
  [
    "of an engine with user namespaces",
    ["name=seccomp", "name=userns"],
    "0 0 4294967295",
    { largest: 65_535, mapped: true },
  ],
  ["of an engine without root", ["name=rootless"], "0 0 4294967295", { largest: 65_535, mapped: true }],
  ["in an unprivileged system container", [], "0 100000 65536", { largest: 65_535, mapped: false }],
  [
    "in one with several ranges",
    [],
    "0 100000 1000\n1000 1000 1\n1001 101001 64536",
    { largest: 65_536, mapped: false },
  ],
  ["on a kernel that does not say", [], "", { largest: ALL, mapped: false }],
])("the user ids of containers %s", async (_, securityOptions, map, expected) => {
  const directory = await mkdtemp(join(tmpdir(), "oken-test-"));
  const file = join(directory, "uid_map");
  await writeFile(file, map);
  const nothing = {
    buildx: undefined,
    cgroupDriver: undefined,
    runtime: undefined,
    hostCpus: undefined,
    platform: undefined,
    version: undefined,
    runtimes: [],
  };
  const facts = { read: async () => ({ ...nothing, securityOptions }), forget: () => undefined };
  expect(await userIds(facts, file)).toEqual(expected);
  await rm(directory, { recursive: true });
});
