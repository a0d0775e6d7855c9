import { expect, test } from "bun:test";

import { loadConfig } from "../../src/config/load.ts";
import { createHostEngine } from "../../src/docker/host-engine.ts";
import { createDockerExec } from "../../src/docker/exec.ts";
import { docker } from "../helpers/docker.ts";
import { sweepFirewall } from "../helpers/firewall.ts";

/** An engine on a network of its own, which is not made yet, and what to start in it. */
function startEngine() {
  const id = Bun.randomUUIDv7().slice(-12);
  const name = `oken-test-${id}`;
  const config = loadConfig(process.env, {});
  const engine = createHostEngine(createDockerExec({ environment: process.env }), {
    network: name,
    runtime: config.containerRuntime,
    cgroupParent: undefined,
    seccomp: undefined,
    runnerId: id,
  });
  const spec = {
    name,
    image: config.pythonImage.replaceAll("{version}", config.defaultPython),
    identity: { agentId: "Echo", version: 1, spec: "abc" },
    userId: 10_001,
    env: {},
    mounts: [],
    ports: [],
    memory: 64 * 1024 * 1024,
    cpus: 1,
    concurrency: 10,
    boost: false,
  };
  return {
    engine,
    spec,
    async [Symbol.asyncDispose]() {
      await engine.removeContainer(name);
      await docker(["network", "rm", name]).catch(() => []);
      await sweepFirewall();
    },
  };
}

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
  expect(await engine.restartContainer(spec)).toBeUndefined();
  await engine.startContainer(spec);
  expect(await engine.inspectContainer(spec.name)).toMatchObject({ identity: spec.identity });
});

test("of a container that cannot be started nothing is left, and the engine's reason is told", async () => {
  await using started = startEngine();
  const { engine, spec } = started;
  await engine.ensureNetwork();
  const mounts = [{ source: "/nowhere/at/all", target: "/run/oken/secrets.json", isSecret: true }];
  await expect(engine.startContainer({ ...spec, mounts })).rejects.toMatchObject({
    code: "CONTAINER_ERROR",
    message: expect.stringContaining("/nowhere/at/all"),
  });
  expect(await engine.inspectContainer(spec.name)).toBeUndefined();
});
