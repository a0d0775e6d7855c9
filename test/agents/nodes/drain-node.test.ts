import { describe, expect, test } from "bun:test";

import { stop } from "../../../src/agents/commands.ts";
import { type DrainNews, drainNode, findNode } from "../../../src/agents/nodes/drain-node.ts";
import { watchEngine } from "../../../src/agents/watches/engine-watch.ts";
import { type DrainEvent, createNodes } from "../../../src/agents/nodes/nodes.ts";
import type { TakenSlot } from "../../../src/agents/calls/pool.ts";
import { rollback } from "../../../src/agents/rollback.ts";
import { createScaler } from "../../../src/agents/scaling/scaler.ts";
import type { Instance } from "../../../src/instance/instance.ts";
import { RunnerError } from "../../../src/lib/errors.ts";
import type { VersionRecord } from "../../../src/model/agent.ts";
import type { Manifest } from "../../../src/model/manifest.ts";
import { runningAgent } from "../../helpers/agent-parts.ts";
import { instanceOf, specOf } from "../../helpers/records.ts";

const never = new AbortController().signal;

/** How long a start takes here, milliseconds. */
const START_MS = 500;

type Fakes = { manifest?: Partial<Manifest>; start?: () => Promise<void> };

/** An agent that runs on `n1` of three nodes, whose containers are the fake engine's. */
async function running({ manifest = {}, start = () => Promise.resolve() }: Fakes = {}) {
  const fixture = await runningAgent({
    nodes: ["n1", "n2", "n3"],
    manifest,
    async start(version: VersionRecord, signal, replica) {
      await clock.sleep(START_MS, signal);
      await start();
      return startNow(version, replica);
    },
  });
  const { parts, engine, clock, agent, pool } = fixture;
  const startNow = async (version: VersionRecord, replica: number): Promise<Instance> => {
    engine.images.set(version.image, {});
    const name = parts.names.container("echo", version.version, replica);
    const container = await engine.startContainer({ ...specOf(version.version), name });
    return instanceOf(version, { ...container, replica, clock });
  };
  parts.instances.remove = (_, name) => engine.removeContainer(name);
  parts.instances.stop = ({ container }) => engine.stopContainer(container.name, 1);
  const closing = new AbortController();
  const scaler = createScaler(parts, { closing: closing.signal });
  const following = watchEngine(
    { ...parts, keeper: { attend: () => undefined }, onBack: () => undefined },
    closing.signal,
  );
  scaler.sweep();
  await clock.advance(2 * START_MS);
  const news: DrainNews[] = [];
  const { signal, abort } = abortable();
  return {
    ...fixture,
    ...{ news, abort },
    nodes: () => agent.serving.map(({ container }) => container.node),
    availability: async (name: string) => (await engine.nodes()).find((it) => it.name === name)?.availability,
    call: async (): Promise<TakenSlot> => pool.acquire(agent, never),
    drain: async (name = "n1") => {
      const node = await findNode(parts, name);
      return drainNode(
        { ...parts, scaler },
        { node, signal, closing: never, tell: (it) => void news.push(it) },
      ).catch((error: unknown) => error);
    },
    /** Those of a process. */
    nodesOf: (ending = never) => createNodes({ ...parts, scaler }, { closing: ending }),
    async [Symbol.asyncDispose]() {
      closing.abort();
      await clock.advance(60_000);
      await following;
    },
  };
}

async function lastOf(events: AsyncIterable<DrainEvent>): Promise<DrainEvent | undefined> {
  let last: DrainEvent | undefined;
  for await (const event of events) last = event;
  return last;
}

function abortable() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

describe("an agent on a node that is drained", () => {
  test("serves on there until another instance serves elsewhere, and finishes what it has", async () => {
    await using runner = await running();
    const { call, clock, drain, nodes, instance, agent, news, availability, engine } = runner;
    const first = await call();
    const draining = drain();
    await clock.advance(START_MS - 1);
    expect({ nodes: nodes(), availability: await availability("n1") }).toEqual({
      ...{ nodes: ["n1"], availability: "pause" },
    });
    await clock.advance(1);
    expect({ nodes: nodes(), state: agent.state, first: agent.instance?.replica }).toEqual({
      ...{ nodes: ["n2"], state: "running", first: 2 },
    });
    const second = await call();
    expect(second.instance.container.node).toBe("n2");
    await clock.advance(10_000);
    // The call inside goes on, and with it the node.
    expect({
      running: engine.containers.get(instance.container.name)?.running,
      ended: instance.ended,
    }).toEqual({
      ...{ running: true, ended: undefined },
    });
    expect(await availability("n1")).toBe("pause");
    first.release();
    await clock.advance(1_000);
    expect(await draining).toBeUndefined();
    expect(await availability("n1")).toBe("drain");
    expect(news).toEqual([{ type: "moved", agent_id: "echo", node: "n2" }]);
    expect(engine.containers.has(instance.container.name)).toBe(false);
    expect(agent.replicas.all()).toEqual([]);
  });

  test("is found there by the node's id, though another node has come that is called the same", async () => {
    await using runner = await running();
    const { clock, drain, nodes, instance, availability } = runner;
    instance.container.node = "as it was called before";
    const draining = drain();
    await clock.advance(START_MS + 1_000);
    expect(await draining).toBeUndefined();
    expect({ nodes: nodes(), availability: await availability("n1") }).toEqual({
      ...{ nodes: ["n2"], availability: "drain" },
    });
  });

  test("keeps as many instances as it had, each started before the old one leaves", async () => {
    await using runner = await running({ manifest: { replicas: { min: 3, max: 3 } } });
    const { clock, drain, nodes, agent } = runner;
    expect(nodes()).toEqual(["n1", "n2", "n3"]);
    const counts = new Set<number>();
    const draining = drain("n2");
    for (let step = 0; step < 40; step += 1) {
      await clock.advance(100);
      counts.add(agent.serving.length);
    }
    expect(await draining).toBeUndefined();
    expect(nodes()).toEqual(["n1", "n3", "n1"]);
    expect([...counts]).toEqual([3]);
  });

  test("is woken elsewhere by its next call if the node is lost meanwhile", async () => {
    await using runner = await running();
    const { clock, drain, nodes, engine, call } = runner;
    const draining = drain();
    await clock.advance(START_MS - 1);
    engine.loseNode("n1");
    await clock.advance(0);
    const waiting = call();
    await clock.advance(2_000);
    expect((await waiting).instance.container.node).not.toBe("n1");
    expect(await draining).toBeUndefined();
    expect(nodes()).not.toContain("n1");
  });

  test("that cannot be started elsewhere serves on there, and is named with the reason", async () => {
    const why = new RunnerError("OVERLOADED", "No node has room for it.");
    await using runner = await running({ start: () => Promise.reject(why) });
    const { clock, drain, nodes, news, availability, agent, call } = runner;
    const draining = drain();
    await clock.advance(START_MS);
    expect(await draining).toMatchObject({
      code: "OVERLOADED",
      message:
        "Not all agents could leave n1, which takes no new ones: echo (No node has room for it). They serve on there.",
      details: { agents: ["echo"] },
    });
    expect(news).toMatchObject([{ type: "stays", agent_id: "echo", code: "OVERLOADED" }]);
    expect({ nodes: nodes(), availability: await availability("n1"), more: agent.replicas.all() }).toEqual({
      ...{ nodes: ["n1"], availability: "pause", more: [] },
    });
    expect((await call()).instance.container.node).toBe("n1");
  });

  test("stays where it is when whoever drains gives up", async () => {
    await using runner = await running();
    const { clock, drain, nodes, agent, abort, availability } = runner;
    const draining = drain();
    await clock.advance(START_MS - 1);
    abort();
    await clock.advance(START_MS);
    expect(await draining).toMatchObject({ name: "AbortError" });
    expect({ nodes: nodes(), availability: await availability("n1"), more: agent.replicas.all() }).toEqual({
      ...{ nodes: ["n1"], availability: "pause", more: [] },
    });
  });

  test("may be stopped or get another version meanwhile", async () => {
    await using runner = await running();
    const { clock, drain, parts, agent, nodes } = runner;
    const draining = drain();
    await clock.advance(START_MS - 1);
    const rolling = rollback(parts, "echo");
    await clock.advance(START_MS);
    await rolling;
    await clock.advance(2_000);
    expect(await draining).toBeUndefined();
    expect({ version: agent.record.current_version, nodes: nodes() }).toEqual({ version: 2, nodes: ["n2"] });
    const again = drain("n2");
    await clock.advance(START_MS - 1);
    await stop(parts, "echo");
    await clock.advance(2_000);
    expect(await again).toBeUndefined();
    expect({ state: agent.state, more: agent.replicas.all() }).toEqual({ state: "stopped", more: [] });
  });
});

test("a node that is drained is active again when it is told so", async () => {
  await using runner = await running();
  const { clock, availability } = runner;
  const nodes = runner.nodesOf();
  const events: unknown[] = [];
  const draining = (async () => {
    for await (const event of nodes.drain("n1", never)) events.push(event);
  })();
  await clock.advance(START_MS + 1_000);
  await draining;
  expect(events).toMatchObject([
    { type: "moved", agent_id: "echo", node: "n2" },
    { type: "result", result: { name: "n1", availability: "drain", instances: 0 } },
  ]);
  expect(await nodes.activate("n1")).toMatchObject({ name: "n1", availability: "active" });
  expect(await availability("n1")).toBe("active");
});

describe("a drain", () => {
  test("that the end of its process cuts off is remembered, and the next process goes on with it", async () => {
    await using runner = await running();
    const { clock, nodes, engine } = runner;
    const state = async () => {
      const n1 = (await engine.nodes()).find(({ name }) => name === "n1");
      return [n1?.availability, n1?.draining];
    };
    const ending = new AbortController();
    const told = lastOf(runner.nodesOf(ending.signal).drain("n1", never));
    await clock.advance(START_MS - 1);
    ending.abort();
    await clock.advance(START_MS);
    expect(await told).toMatchObject({ type: "error", error: { code: "SHUTTING_DOWN" } });
    expect({ nodes: nodes(), state: await state() }).toEqual({ nodes: ["n1"], state: ["pause", true] });
    const takingUp = runner.nodesOf().takeUpDrains();
    await clock.advance(START_MS + 1_000);
    await takingUp;
    expect({ nodes: nodes(), state: await state() }).toEqual({ nodes: ["n2"], state: ["drain", false] });
  });

  test("that was cut off is not gone on with where no other node takes agents, and is remembered no more", async () => {
    await using runner = await running();
    const { clock, engine, nodes } = runner;
    await engine.setAvailability("n1", "pause", { draining: true });
    await engine.setAvailability("n2", "pause");
    engine.loseNode("n3");
    const takingUp = runner.nodesOf().takeUpDrains();
    await clock.advance(1_000);
    await takingUp;
    expect(nodes()).toEqual(["n1"]);
    expect((await engine.nodes())[0]).toMatchObject({ availability: "pause", draining: false });
  });

  test("is one for all who ask for it, and ends when the last of them leaves", async () => {
    await using runner = await running();
    const { clock, nodes, engine } = runner;
    const hosts = runner.nodesOf();
    const leave = [new AbortController(), new AbortController()];
    const told = leave.map(({ signal }) => lastOf(hosts.drain("n1", signal)));
    await clock.advance(START_MS - 1);
    leave[0]?.abort();
    await clock.advance(1);
    expect(nodes()).toEqual(["n2"]);
    await clock.advance(1_000);
    expect(await Promise.all(told)).toMatchObject([undefined, { type: "result", result: { name: "n1" } }]);
    expect(engine.calls("startContainer")).toHaveLength(2);
  });

  test("ends when its node is activated", async () => {
    await using runner = await running();
    const { clock, nodes, engine } = runner;
    const hosts = runner.nodesOf();
    const told = lastOf(hosts.drain("n1", never));
    await clock.advance(START_MS - 1);
    const activating = hosts.activate("n1");
    await clock.advance(START_MS);
    expect(await activating).toMatchObject({ availability: "active", draining: false });
    expect(await told).toMatchObject({
      type: "error",
      error: { code: "DEPLOY_CONFLICT", message: "The drain of n1 was ended: the node was activated." },
    });
    expect({ nodes: nodes(), draining: (await engine.nodes())[0]?.draining }).toEqual({
      ...{ nodes: ["n1"], draining: false },
    });
  });
});

test("a node that is alone is not drained", async () => {
  await using runner = await running();
  const { drain, engine, availability } = runner;
  await engine.setAvailability("n2", "pause");
  engine.loseNode("n3");
  expect(await drain()).toMatchObject({ code: "OVERLOADED" });
  expect(await availability("n1")).toBe("active");
});
