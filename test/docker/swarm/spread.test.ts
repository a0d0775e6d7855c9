import { expect, test } from "bun:test";

import { taskError } from "../../../src/docker/errors.ts";
import { createSpread } from "../../../src/docker/swarm/spread.ts";
import type { Task } from "../../../src/docker/swarm/tasks.ts";
import { RunnerError } from "../../../src/lib/errors.ts";
import type { Node } from "../../../src/model/node.ts";

const node = (id: string, changes: Partial<Node> = {}): Node => ({
  ...{ id, name: id, address: "10.0.0.1", role: "worker", leader: false, state: "ready" },
  ...{ availability: "active", draining: false, platform: "linux/x86_64", memory: 1, cpus: 1, labels: {} },
  ...changes,
});

const task = (serviceId: string, nodeId: string): Task => ({
  ...{ id: crypto.randomUUID(), serviceId, nodeId },
  ...{ desired: "running", state: "running", ports: {}, error: "" },
});

const further = (replica: number) => ({ identity: { agentId: "echo", version: 1, spec: "s", replica } });

/** A swarm with these tasks; services whose names begin with `own` are of version 1 of `echo`. */
function swarm(nodes: Node[], running: Task[] = []) {
  const own = [...new Set(running.map(({ serviceId }) => serviceId))].filter((id) => id.startsWith("own"));
  return createSpread({
    exec: { run: async () => own.join("\n") },
    tasks: { all: async () => running },
    nodes: async () => nodes,
    runnerId: "r1",
  });
}

const told = async (nodeId?: string) => nodeId;

test("a further instance is for the node with the fewest of its version, then for the one with the fewest of all", async () => {
  const spread = swarm(
    [node("n1"), node("n2"), node("n3")],
    [task("own1", "n1"), task("other1", "n2"), task("other2", "n2"), task("other3", "n3")],
  );
  expect(await spread.during(further(2), [], told)).toBe("n3");
});

test("instances that start at the same time are for nodes of their own", async () => {
  const spread = swarm([node("n1"), node("n2"), node("n3")], [task("own1", "n1")]);
  const begun = Promise.withResolvers<void>();
  const chosen: (string | undefined)[] = [];
  const starts = [2, 3].map((number) =>
    spread.during(further(number), [], async (nodeId) => {
      chosen.push(nodeId);
      if (chosen.length === 2) begun.resolve();
      await begun.promise;
    }),
  );
  await Promise.all(starts);
  expect(new Set(chosen)).toEqual(new Set(["n2", "n3"]));
});

test("no node is chosen on which an agent may not run", async () => {
  const gpu = { gpu: "yes" };
  const nodes = [
    node("avoided", { labels: gpu }),
    node("down", { labels: gpu, state: "down" }),
    node("drained", { labels: gpu, availability: "drain" }),
    node("other", { labels: { gpu: "no" } }),
    node("right", { labels: gpu }),
  ];
  const spec = { ...further(2), placement: gpu };
  expect(await swarm(nodes).during(spec, ["avoided"], told)).toBe("right");
  expect(await swarm(nodes.slice(0, 4)).during(spec, ["avoided"], told)).toBeUndefined();
});

test("the swarm chooses for a first instance, and where the chosen node has no room", async () => {
  const spread = swarm([node("n1")]);
  const first = { identity: { agentId: "echo", version: 1, spec: "s" } };
  expect(await spread.during(first, [], told)).toBeUndefined();

  const tried: (string | undefined)[] = [];
  const full = taskError("no suitable node (insufficient resources on 3 nodes)");
  await spread.during(further(2), [], async (nodeId) => {
    tried.push(nodeId);
    if (nodeId !== undefined) throw full;
  });
  expect(tried).toEqual(["n1", undefined]);
  const broken = new RunnerError("CONTAINER_ERROR", "no such image");
  await expect(spread.during(further(2), [], () => Promise.reject(broken))).rejects.toBe(broken);
});
