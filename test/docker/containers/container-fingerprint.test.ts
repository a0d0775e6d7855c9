import { expect, test } from "bun:test";

import type { ContainerSettings } from "../../../src/docker/containers/container-args.ts";
import { createContainers } from "../../../src/docker/containers/container.ts";
import type { EngineFacts } from "../../../src/docker/engine-facts.ts";
import type { DockerExec } from "../../../src/docker/exec.ts";
import type { ContainerSpec } from "../../../src/docker/types.ts";
import { MiB } from "../../../src/lib/bytes.ts";
import type { Egress } from "../../../src/model/manifest.ts";

const SPEC: ContainerSpec = {
  name: "oken-echo-v0",
  image: "",
  identity: { agentId: "echo", version: 0, spec: "" },
  userId: 10_001,
  env: { PORT: "8080" },
  mounts: [],
  ports: [],
  memory: 256 * MiB,
  cpus: 1,
  concurrency: 10,
  boost: false,
};

const SETTINGS: Record<Exclude<keyof ContainerSettings, "clientProxies">, string> = {
  network: "oken-agents",
  runtime: "runc",
  cgroupParent: "/agents",
  seccomp: "/seccomp-1.json",
  runnerId: "runner",
};

const NOTHING: EngineFacts = {
  buildx: undefined,
  cgroupDriver: undefined,
  runtime: undefined,
  hostCpus: undefined,
  platform: undefined,
  version: undefined,
  runtimes: [],
  securityOptions: [],
};

function fingerprint(settings: ContainerSettings, spec = SPEC, known = NOTHING): Promise<string> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- no command is run
  const exec = {} as DockerExec;
  const facts = { read: () => Promise.resolve(known), forget: () => undefined };
  const networks = {
    placeOf: (egress?: Egress) => ({ network: settings.network + (egress?.mode ?? ""), dns: [], env: {} }),
    admit: () => Promise.resolve(),
    contain: () => Promise.resolve({ state: "contained" as const }),
  };
  const names = { listed: (container: { name: string }) => Promise.resolve(container.name) };
  const volumes = { prepare: () => Promise.resolve(), release: () => Promise.resolve() };
  const containers = createContainers({ exec, facts, networks, volumes, names }, settings);
  return containers.containerFingerprint(spec);
}

test.each(Object.keys(SETTINGS))("another %s gives another fingerprint", async (name) => {
  const before = await fingerprint(SETTINGS);
  expect(await fingerprint({ ...SETTINGS })).toBe(before);
  expect(await fingerprint({ ...SETTINGS, [name]: "other" })).not.toBe(before);
});

test.each(["runtime", "cgroupParent", "seccomp"])("no %s gives another fingerprint", async (name) => {
  expect(await fingerprint({ ...SETTINGS, [name]: undefined })).not.toBe(await fingerprint(SETTINGS));
});

test("a start with all CPUs, which it has until the agent is ready, does not count", async () => {
  expect(await fingerprint(SETTINGS, { ...SPEC, boost: true })).toBe(await fingerprint(SETTINGS));
});

test("its volumes count", async () => {
  const volumes = [{ name: "oken-1", path: "/data", shared: false }];
  expect(await fingerprint(SETTINGS, { ...SPEC, volumes })).not.toBe(await fingerprint(SETTINGS));
});

test("what it must not be told of the operator's proxies counts", async () => {
  const clientProxies = ["HTTP_PROXY"];
  expect(await fingerprint({ ...SETTINGS, clientProxies })).not.toBe(await fingerprint(SETTINGS));
});

test("what the agent reaches counts", async () => {
  const none: Egress = { mode: "none", hosts: [], allow: [] };
  expect(await fingerprint(SETTINGS, { ...SPEC, egress: none })).not.toBe(await fingerprint(SETTINGS));
});

test("an engine that is known to have no seccomp is given no profile", async () => {
  const known = { ...NOTHING, cgroupDriver: "cgroupfs" };
  const without = await fingerprint({ ...SETTINGS, seccomp: undefined }, SPEC, known);
  expect(await fingerprint(SETTINGS, SPEC, known)).toBe(without);
  const seccomp = { ...known, securityOptions: ["name=seccomp,profile=builtin"] };
  expect(await fingerprint(SETTINGS, SPEC, seccomp)).not.toBe(without);
});
