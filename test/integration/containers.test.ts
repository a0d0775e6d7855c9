import { expect, test } from "bun:test";
import { availableParallelism } from "node:os";

import { loadConfig } from "../../src/config/load.ts";
import { createEngine } from "../../src/docker/client.ts";
import { createDockerExec } from "../../src/docker/exec.ts";
import { docker } from "../helpers/docker.ts";

/** An engine on a network of its own, which is not made yet, and what to start in it. */
function startEngine() {
  const id = Bun.randomUUIDv7().slice(-12);
  const name = `oken-test-${id}`;
  const config = loadConfig(process.env, {});
  const engine = createEngine(createDockerExec({ environment: process.env }), {
    network: name,
    runtime: config.containerRuntime,
    cgroupParent: undefined,
    runnerId: id,
  });
  const spec = {
    name,
    image: config.pythonImage.replaceAll("{version}", config.defaultPython),
    identity: { agentId: "Echo", version: 1, spec: "abc" },
    env: {},
    mounts: [],
    memory: 64 * 1024 * 1024,
    cpus: 1,
    boost: true,
  };
  return {
    engine,
    spec,
    async [Symbol.asyncDispose]() {
      await engine.removeContainer(name);
      await docker(["network", "rm", name]).catch(() => []);
    },
  };
}

test("a container starts although its network is gone, which is made anew", async () => {
  await using started = startEngine();
  const { engine, spec } = started;
  expect(await engine.networkExists()).toBe(false);
  const container = await engine.startContainer(spec);
  expect(await engine.networkExists()).toBe(true);
  expect(await engine.inspectContainer(spec.name)).toMatchObject({
    id: container.id,
    identity: spec.identity,
  });
});

test("a container takes the place of one of its name that was left over", async () => {
  await using started = startEngine();
  const { engine, spec } = started;
  await engine.ensureNetwork();
  const [leftOver] = await docker(["create", "--name", spec.name, spec.image]);
  const container = await engine.startContainer(spec);
  expect(container.id).not.toBe(leftOver ?? "");
  expect(await engine.inspectContainer(spec.name)).toMatchObject({ identity: spec.identity });
});

test("a stopped container whose network was pruned is replaced, and the network made anew", async () => {
  await using started = startEngine();
  const { engine, spec } = started;
  await engine.startContainer(spec);
  await engine.stopContainer(spec.name, 0);
  await docker(["network", "rm", spec.name]);
  expect(await engine.restartContainer(spec.name)).toBeUndefined();
  await engine.startContainer(spec);
  expect(await engine.inspectContainer(spec.name)).toMatchObject({ identity: spec.identity });
});

test("a container starts with all processors, is held to its own while it runs, and sleeps with all again", async () => {
  await using started = startEngine();
  const { engine, spec } = started;
  const { id } = await engine.startContainer({ ...spec, cpus: 0.5 });
  const cpus = async () => (await engine.listContainers()).map((container) => container.cpus);
  expect(await cpus()).toEqual([undefined]);
  await engine.limitCpus(id, 0.5);
  expect(await cpus()).toEqual([0.5]);
  await engine.stopContainer(spec.name, 0);
  await engine.boostCpus(id, 0.5);
  await engine.restartContainer(spec.name);
  expect(await cpus()).toEqual([availableParallelism()]);
  await engine.limitCpus(id, 0.5);
  expect(await cpus()).toEqual([0.5]);
});

test("a container that is gone needs no limit", async () => {
  await using started = startEngine();
  await started.engine.limitCpus("oken-test-nobody", 0.5);
  await started.engine.boostCpus("oken-test-nobody", 0.5);
});

test("of a container that cannot be started nothing is left, and the engine's reason is told", async () => {
  await using started = startEngine();
  const { engine, spec } = started;
  await engine.ensureNetwork();
  const mounts = [{ source: "/nowhere/at/all", target: "/run/oken/secrets.json" }];
  await expect(engine.startContainer({ ...spec, mounts })).rejects.toMatchObject({
    code: "CONTAINER_ERROR",
    message: expect.stringContaining("/nowhere/at/all"),
  });
  expect(await engine.inspectContainer(spec.name)).toBeUndefined();
});
