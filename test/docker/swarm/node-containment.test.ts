import { describe, expect, test } from "bun:test";

import { createNodeContainment } from "../../../src/docker/swarm/node-containment.ts";
import type { NodeProbe, Probed } from "../../../src/docker/swarm/node-probe.ts";
import type { Node } from "../../../src/model/node.ts";
import { createFakeClock } from "../../helpers/fake-clock.ts";

const MINUTES = 60_000;

const nodeOf = (name: string, changes: Partial<Node> = {}): Node => ({
  ...{ id: `id-${name}`, name, address: "10.0.0.1", role: "worker", leader: false, state: "ready" },
  ...{ availability: "active", draining: false, platform: "linux/x86_64", memory: 1, cpus: 1, labels: {} },
  ...changes,
});

/** A swarm of three nodes whose containers reach what `reached` says, by the name of the node. */
function swarm({ allowUncontained = false } = {}) {
  const clock = createFakeClock();
  const world = {
    nodes: ["n1", "n2", "n3"].map((name) => nodeOf(name)),
    reached: {} as Record<string, string>,
    /** Nodes whose containers have not run yet. */
    silent: new Set<string>(),
    probes: 0,
    /** The names of the nodes that the last probe was for. */
    tried: [] as string[],
    finish: () => undefined as void,
  };
  const probe: NodeProbe = {
    async run({ on, tell }) {
      world.probes += 1;
      world.tried = on.map(({ name }) => name);
      const said = () =>
        on
          .filter(({ name }) => !world.silent.has(name))
          .map(({ id, name }) => [id, world.reached[name]] as const);
      tell(new Map(said()) satisfies Probed);
      if (world.silent.size === 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      world.finish = resolve;
      await promise;
      tell(new Map(said()));
    },
    removeLeft: () => Promise.resolve(),
  };
  const containment = createNodeContainment(
    {
      ...{ nodes: async () => world.nodes, probe, clock },
      firewall: { hold: () => Promise.resolve([]) },
      plan: () => Promise.reject(new Error("no firewall")),
      platform: async () => "linux/x86_64",
    },
    { allowUncontained },
  );
  return {
    ...{ world, clock },
    admit: () => containment.admit(() => Promise.resolve("registry/echo@sha256:1")),
    contain: () => containment.contain(),
    containment: () => containment.containment(),
    nodes: () => containment.nodes(),
  };
}

describe("agents start", () => {
  test("on every node once a container reached nothing there, which is not tried at each start", async () => {
    const { world, admit, containment, contain } = swarm();
    expect(await admit()).toEqual([]);
    expect(await admit()).toEqual([]);
    expect(await containment()).toEqual({ state: "contained" });
    await contain();
    expect(world.probes).toBe(1);
  });

  test("on no node where a container reached what it may not, and the others are named", async () => {
    const { world, admit, containment } = swarm();
    world.reached = { n2: "10.0.0.2 port 7946" };
    expect(await admit()).toEqual(["id-n2"]);
    expect(await containment()).toEqual({
      state: "contained",
      except:
        "Not every node keeps agents from its services and networks: on n2 a container reached 10.0.0.2 port 7946. " +
        "Have `oken-runner doctor --node --mend` put the rules in there, or accept it with OKEN_ALLOW_UNCONTAINED=yes.",
    });
  });

  test("on the nodes that have said something, while one still fetches the image", async () => {
    const { world, admit } = swarm();
    world.silent.add("n3");
    expect(await admit()).toEqual(["id-n3"]);
    world.silent.clear();
    world.finish();
    await Bun.sleep(0);
    expect(await admit()).toEqual([]);
  });

  test("nowhere if no node contains them", async () => {
    const { world, admit, containment } = swarm();
    world.reached = { n1: "a", n2: "b", n3: "169.254.169.254 port 80" };
    expect(await admit().catch((error: unknown) => error)).toMatchObject({
      code: "ENGINE_UNAVAILABLE",
      details: { reason: "not_contained" },
    });
    expect(await containment()).toMatchObject({ state: "open" });
  });

  test("anywhere where the operator allows it, and nothing is tried", async () => {
    const { world, admit, contain } = swarm({ allowUncontained: true });
    world.reached = { n1: "a" };
    expect(await admit()).toEqual([]);
    expect(await contain()).toMatchObject({ state: "tolerated" });
    expect(world.probes).toBe(0);
  });
});

describe("on nodes of another processor", () => {
  const arm = { platform: "linux/aarch64" };

  test.each([false, true])(
    "no agent starts, and none is tried (uncontained allowed: %p)",
    async (allowUncontained) => {
      const { world, admit, contain } = swarm({ allowUncontained });
      world.nodes = [nodeOf("n1"), nodeOf("n2", arm)];
      expect(await admit()).toEqual(["id-n2"]);
      await contain();
      expect(world.tried).toEqual(allowUncontained ? [] : ["n1"]);
    },
  );

  test("an agent that could start nowhere else says so", async () => {
    const { world, admit } = swarm();
    world.nodes = [nodeOf("n1", { availability: "drain" }), nodeOf("n2", arm), nodeOf("n3", arm)];
    await expect(admit()).rejects.toThrow(
      "No node runs what is built here, for linux/x86_64: n2 has linux/aarch64, n3 has linux/aarch64. " +
        "Activate or add a node with that, or run the runner on a manager with theirs.",
    );
  });
});

describe("it is tried again", () => {
  test("after five minutes", async () => {
    const { world, clock, admit, contain } = swarm();
    await admit();
    await clock.advance(5 * MINUTES);
    await contain();
    expect(world.probes).toBe(1);
    await clock.advance(1);
    await contain();
    expect(world.probes).toBe(2);
  });

  test("at each look on the nodes that do not contain agents, and on no other", async () => {
    const { world, clock, admit, contain, containment } = swarm();
    world.reached = { n2: "10.0.0.2 port 7946" };
    await admit();
    await clock.advance(30_000);
    await contain();
    expect({ probes: world.probes, tried: world.tried, avoided: await admit() }).toEqual({
      ...{ probes: 2, tried: ["n2"], avoided: ["id-n2"] },
    });
    world.reached = {};
    await clock.advance(30_000);
    await contain();
    expect(world.tried).toEqual(["n2"]);
    expect(await admit()).toEqual([]);
    expect(await containment()).toEqual({ state: "contained" });
    await clock.advance(30_000);
    await contain();
    expect(world.probes).toBe(3);
  });

  test("when a node joins, and when one comes back, on which no agent starts before", async () => {
    const { world, admit, contain } = swarm();
    await admit();
    world.nodes = [...world.nodes.slice(0, 2), nodeOf("n3", { state: "down" })];
    await contain();
    expect(await admit()).toEqual(["id-n3"]);
    world.nodes = [...world.nodes.slice(0, 2), nodeOf("n3"), nodeOf("n4")];
    await contain();
    expect({ avoided: await admit(), probes: world.probes }).toEqual({ avoided: [], probes: 2 });
  });
});

describe("no agent starts between two looks", () => {
  test("on a node that has joined, until a container has tried it there, which the start has begun", async () => {
    const { world, admit } = swarm();
    await admit();
    world.nodes = [...world.nodes, nodeOf("n4")];
    world.silent.add("n4");
    expect(await admit()).toEqual(["id-n4"]);
    await Bun.sleep(0);
    world.silent.clear();
    world.finish();
    await Bun.sleep(0);
    expect({ tried: world.tried, avoided: await admit(), probes: world.probes }).toEqual({
      ...{ tried: ["n4"], avoided: [], probes: 2 },
    });
  });

  test("on one that has restarted, of which the managers have written something since it was tried", async () => {
    const { world, admit, nodes } = swarm();
    world.nodes = ["n1", "n2"].map((name) => nodeOf(name, { revision: 7 }));
    await admit();
    world.nodes = [nodeOf("n1", { revision: 7 }), nodeOf("n2", { revision: 8 })];
    world.reached = { n2: "10.0.0.2 port 7946" };
    expect(await admit()).toEqual(["id-n2"]);
    await Bun.sleep(0);
    expect(await admit()).toEqual(["id-n2"]);
    expect((await nodes()).map(({ containment }) => containment?.reached)).toEqual([
      undefined,
      "10.0.0.2 port 7946",
    ]);
    // What it reaches is tried again with the looks, not with each start.
    expect(world.probes).toBe(2);
  });

  test("on any that restarted together, until one is tried, which another that still fetches the image does not delay", async () => {
    const { world, admit } = swarm();
    await admit();
    world.nodes = [...world.nodes, nodeOf("n4")];
    world.silent.add("n4");
    expect(await admit()).toEqual(["id-n4"]);
    world.nodes = world.nodes.map((node) => ({ ...node, revision: 9 }));
    expect(await admit()).toEqual(["id-n4"]);
    expect(world.tried).toEqual(["n1", "n2", "n3", "n4"]);
  });

  test("on one that says nothing, which is tried with the looks from then on", async () => {
    const { world, admit } = swarm();
    await admit();
    world.nodes = [...world.nodes, nodeOf("n4")];
    world.silent.add("n4");
    await admit();
    await Bun.sleep(0);
    world.finish();
    await Bun.sleep(0);
    await admit();
    await admit();
    expect(world.probes).toBe(2);
  });
});

test("of each node it is known what its containers reached, once they have tried", async () => {
  const { world, admit, nodes } = swarm();
  const found = async () => (await nodes()).map(({ containment }) => containment);
  expect(await found()).toEqual([undefined, undefined, undefined]);
  world.reached = { n2: "10.0.0.2 port 7946" };
  world.silent.add("n3");
  await admit();
  expect(await found()).toMatchObject([{ reached: undefined }, { reached: "10.0.0.2 port 7946" }, undefined]);
});
