import { expect, test } from "bun:test";

import { watchEngine } from "../../../src/agents/watches/engine-watch.ts";
import { createKeeper } from "../../../src/agents/sleep/keep-warm.ts";
import { observeNodes } from "../../../src/agents/nodes/node-metrics.ts";
import { listNodes } from "../../../src/agents/nodes/nodes.ts";
import { createScaler } from "../../../src/agents/scaling/scaler.ts";
import { detailOf } from "../../../src/agents/view.ts";
import type { InstanceEnd } from "../../../src/instance/instance.ts";
import type { Manifest } from "../../../src/model/manifest.ts";
import { runningAgent } from "../../helpers/agent-parts.ts";
import { instanceOf, specOf } from "../../helpers/records.ts";

const never = new AbortController().signal;

const NODES = ["n1", "n2", "n3"];

/** A runner of several nodes that watches them, in front of an agent that runs on `n1`. */
async function watching(manifest: Partial<Manifest> = {}) {
  const fixture = await runningAgent({
    nodes: NODES,
    manifest,
    async start(version, _signal, replica) {
      engine.images.set(version.image, {});
      const name = parts.names.container("echo", version.version, replica);
      const container = await engine.startContainer({ ...specOf(version.version), name });
      return instanceOf(version, { ...container, replica, clock });
    },
  });
  const { parts, engine, clock, instance } = fixture;
  const ends: InstanceEnd[] = [];
  instance.onEnd((cause) => void ends.push(cause));
  const closing = new AbortController();
  const { signal } = closing;
  const scaler = createScaler(parts, { closing: signal });
  const keeper = createKeeper(parts, { startsAtOnce: 2, closing: signal });
  const ended = watchEngine({ ...parts, keeper, onBack: () => undefined }, signal);
  scaler.sweep();
  await clock.advance(0);
  return {
    ...fixture,
    ends,
    async [Symbol.asyncDispose]() {
      closing.abort();
      await clock.advance(60_000);
      await ended;
    },
  };
}

test("of an agent whose node is lost those inside are told at once, and it sleeps", async () => {
  await using runner = await watching();
  const { agent, engine, clock, ends, instance } = runner;
  engine.loseNode("n1");
  await clock.advance(0);
  expect({ ends, state: agent.state, isClosed: instance.isClosed }).toEqual({
    ...{ ends: [{ reason: "node_lost", node: "n1" }], state: "idle", isClosed: true },
  });
  expect(agent.lastError?.message).toBe("Its container was lost with its node n1.");
  // Nobody could stop it there, and the next start need not wait for that.
  expect(engine.calls("stopContainer")).toEqual([]);
});

test("its next call wakes it on another node", async () => {
  await using runner = await watching();
  const { agent, engine, clock, pool } = runner;
  engine.loseNode("n1");
  await clock.advance(0);
  const { instance } = await pool.acquire(agent, never);
  expect(NODES.slice(1)).toContain(instance.container.node ?? "");
});

test("an agent that is kept warm is started elsewhere at once", async () => {
  await using runner = await watching({ keepWarm: true });
  const { agent, engine, clock } = runner;
  engine.loseNode("n1");
  await clock.advance(0);
  expect({ state: agent.state, node: agent.instance?.container.node }).toEqual({
    ...{ state: "running", node: "n2" },
  });
});

test("an agent with instances on other nodes runs on, and gets one more in the place of the lost one", async () => {
  await using runner = await watching({ replicas: { min: 2, max: 2 } });
  const { agent, parts, engine, clock } = runner;
  const nodes = () => agent.serving.map(({ container }) => container.node);
  expect(nodes()).toEqual(["n1", "n2"]);
  engine.loseNode("n1");
  await clock.advance(0);
  expect({ state: agent.state, nodes: nodes() }).toEqual({ state: "running", nodes: ["n2", "n3"] });
  const { instances, last_error } = await detailOf(agent, parts);
  expect(instances.map(({ node }) => node)).toEqual(["n2", "n3"]);
  expect(last_error?.message).toBe(
    "One of its instances has ended: its container was lost with its node n1.",
  );
  // Its last lines are on the node that is away.
  expect(engine.calls("logs")).toEqual([]);
});

test("what was lost while the events were not followed is found", async () => {
  await using runner = await watching();
  const { agent, engine, clock, ends } = runner;
  engine.goAway();
  engine.loseNode("n1");
  engine.comeBack();
  await clock.advance(1_000);
  expect({ ends, state: agent.state }).toEqual({
    ...{ ends: [{ reason: "node_lost", node: "n1" }], state: "idle" },
  });
});

test("nodes are listed by name with what runs there", async () => {
  await using runner = await watching();
  const { engine, clock, parts } = runner;
  expect(await listNodes(parts)).toMatchObject([
    {
      name: "n1",
      instances: 1,
      reserved_bytes: 1,
      memory_bytes: 8 * 1024 ** 3,
      state: "ready",
      leader: true,
    },
    { name: "n2", instances: 0, reserved_bytes: 0, availability: "active" },
    { name: "n3", contained: null, reached: null },
  ]);
  observeNodes(parts.metrics, parts);
  engine.loseNode("n1");
  await clock.advance(0);
  const metrics = await parts.metrics.text();
  expect(metrics).toContain('oken_nodes{state="down"} 1\n');
  expect(metrics).toContain('oken_node_instances{node="n1"} 0\n');
});

test("a node is listed with what its containers reach that they may not", async () => {
  await using runner = await watching();
  const { engine, parts } = runner;
  const nodes = await engine.nodes();
  const [first] = nodes;
  for (const node of nodes) node.containment = { reached: node === first ? "10.0.0.1 port 2377" : undefined };
  const found = await listNodes({ ...parts, engine: { ...engine, nodes: async () => nodes } });
  expect(found).toMatchObject([
    { name: "n1", contained: false, reached: "10.0.0.1 port 2377" },
    { name: "n2", contained: true, reached: null },
    { name: "n3", contained: true, reached: null },
  ]);
});
