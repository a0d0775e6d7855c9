import { expect, test } from "bun:test";

import { noSuchImage } from "../../../src/docker/errors.ts";
import { createPushedServices } from "../../../src/docker/swarm/pushed-services.ts";
import type { ContainerSpec } from "../../../src/docker/types.ts";
import { RunnerError } from "../../../src/lib/errors.ts";

const TAG = "registry.lan/oken/echo:v1";

const spec: ContainerSpec = {
  name: "oken-1",
  image: TAG,
  identity: { agentId: "echo", version: 1, spec: "s" },
  ...{ userId: 10_001, env: {}, mounts: [], ports: [], memory: 1, cpus: 1, concurrency: 1, boost: false },
};

const RUNNING = { id: "task", name: "oken-1", address: "10.0.0.1" };

/** A swarm whose starts fail with these errors, one after the other, and a registry that then gives this digest. */
function swarm(failures: unknown[], provided?: string | Error) {
  const asked: string[] = [];
  const start = async (what: string) => {
    asked.push(what);
    const failure = failures.shift();
    if (failure instanceof Error) throw failure;
    return RUNNING;
  };
  return {
    asked,
    services: createPushedServices({
      services: {
        startContainer: ({ image }) => start(`start ${image}`),
        restartContainer: (_, { renewLogin } = { renewLogin: false }) =>
          start(renewLogin ? "restart with a new login" : "restart"),
      },
      images: {
        resolve: async () => "echo@1",
        async provide(reference) {
          asked.push(`provide ${reference}`);
          if (provided instanceof Error) throw provided;
          return provided;
        },
      },
      prepull: {
        async started(reference, pinned) {
          asked.push(`started ${reference} ${pinned}`);
        },
      },
    }),
  };
}

test("services run images by their digests, and other nodes fetch what has started", async () => {
  const { asked, services } = swarm([]);
  expect(await services.startContainer(spec)).toBe(RUNNING);
  expect(await services.restartContainer(spec)).toBe(RUNNING);
  expect(asked).toEqual(["start echo@1", `started ${TAG} echo@1`, "restart"]);
});

test("what the registry has lost is pushed again, and the start is tried once more", async () => {
  const fresh = swarm([noSuchImage("echo@1")], "echo@2");
  expect(await fresh.services.startContainer(spec)).toBe(RUNNING);
  expect(fresh.asked).toEqual(["start echo@1", `provide ${TAG}`, "start echo@2", `started ${TAG} echo@2`]);

  const wake = swarm([noSuchImage("echo@1")], "echo@1");
  expect(await wake.services.restartContainer(spec)).toBe(RUNNING);
  expect(wake.asked).toEqual(["restart", `provide ${TAG}`, "restart with a new login"]);

  // The registry has it: the login that the service was made with has run out, or the node has no way there.
  const late = swarm([noSuchImage("echo@1")]);
  expect(await late.services.restartContainer(spec)).toBe(RUNNING);
  expect(late.asked).toEqual(["restart", `provide ${TAG}`, "restart with a new login"]);
  const closed = swarm([noSuchImage("echo@1"), noSuchImage("echo@1")]);
  await expect(closed.services.restartContainer(spec)).rejects.toThrow("A node could not fetch the image");

  // It must be replaced.
  const moved = swarm([noSuchImage("echo@1")], "echo@2");
  expect(await moved.services.restartContainer(spec)).toBeUndefined();
});

test("a start that fails fails as it does, and while the registry is away with that", async () => {
  const crash = new RunnerError("CONTAINER_ERROR", "no suitable node");
  const crashing = swarm([crash]);
  await expect(crashing.services.startContainer(spec)).rejects.toBe(crash);
  expect(crashing.asked).toEqual(["start echo@1"]);
  const missing = noSuchImage("echo@1");
  const unfetched = { code: "CONTAINER_ERROR", details: { reason: "image_not_fetched" } };
  await expect(swarm([missing]).services.startContainer(spec)).rejects.toMatchObject(unfetched);
  const again = swarm([missing, missing], "echo@1").services.startContainer(spec);
  await expect(again).rejects.toMatchObject(unfetched);
  const away = new RunnerError("ENGINE_UNAVAILABLE", "The registry does not answer.");
  await expect(swarm([missing], away).services.restartContainer(spec)).rejects.toBe(away);
});
