import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createAgentsCgroup } from "../../../src/docker/cgroups/agents-cgroup.ts";
import { createFactsReader } from "../../../src/docker/engine-facts.ts";
import type { DockerExec } from "../../../src/docker/exec.ts";

/** A directory instead of the kernel's, with these files. */
async function mounted(...files: string[]) {
  const mount = await mkdtemp(join(tmpdir(), "oken-cgroup-"));
  for (const file of files) {
    await mkdir(join(mount, file, ".."), { recursive: true });
    await writeFile(join(mount, file), "");
  }
  return { mount, [Symbol.asyncDispose]: () => rm(mount, { recursive: true, force: true }) };
}

/** An engine that gives these answers to `docker info`, one after another. */
function engine(...answers: string[]) {
  const exec: DockerExec = {
    run: async () => answers.shift() ?? "[]\n\n\n0\n",
    stream: () => {
      throw new Error("nothing is streamed here");
    },
    close: async () => undefined,
  };
  return createFactsReader(exec);
}

const CGROUPFS = "[]\ncgroupfs\nrunc\n2\n";

test("agents get a group with eight times the weight of others, in version 1", async () => {
  await using host = await mounted("cpu/cpu.shares");
  const cgroup = createAgentsCgroup({ facts: engine(CGROUPFS), chosen: undefined, mount: host.mount });
  expect(await cgroup.parent()).toBe("/oken-agents");
  expect(await Bun.file(join(host.mount, "cpu/oken-agents/cpu.shares")).text()).toBe("8192");
});

test("agents get a group with eight times the weight of others, in version 2", async () => {
  await using host = await mounted("cgroup.controllers");
  const cgroup = createAgentsCgroup({ facts: engine(CGROUPFS), chosen: undefined, mount: host.mount });
  expect(await cgroup.parent()).toBe("/oken-agents");
  expect(await Bun.file(join(host.mount, "oken-agents/cpu.weight")).text()).toBe("800");
});

test("with the systemd driver the engine chooses", async () => {
  await using host = await mounted("cgroup.controllers");
  const cgroup = createAgentsCgroup({
    facts: engine("[]\nsystemd\nrunc\n2\n"),
    chosen: undefined,
    mount: host.mount,
  });
  expect(await cgroup.parent()).toBeUndefined();
  expect(existsSync(join(host.mount, "oken-agents"))).toBe(false);
});

test("if no group can be created, the engine chooses", async () => {
  await using host = await mounted("cpu/cpu.shares", "cpu/oken-agents");
  const cgroup = createAgentsCgroup({ facts: engine(CGROUPFS), chosen: undefined, mount: host.mount });
  expect(await cgroup.parent()).toBeUndefined();
});

test("the next start asks an engine again that did not answer", async () => {
  await using host = await mounted("cpu/cpu.shares");
  const cgroup = createAgentsCgroup({ facts: engine("", CGROUPFS), chosen: undefined, mount: host.mount });
  expect(await cgroup.parent()).toBeUndefined();
  expect(await cgroup.parent()).toBe("/oken-agents");
});

test("the operator's group is used", async () => {
  await using host = await mounted("cpu/cpu.shares");
  const cgroup = createAgentsCgroup({ facts: engine(), chosen: "oken.slice", mount: host.mount });
  expect(await cgroup.parent()).toBe("oken.slice");
});
