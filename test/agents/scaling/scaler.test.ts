import { describe, expect, test } from "bun:test";

import { stop } from "../../../src/agents/commands.ts";
import { ended } from "../../../src/agents/ending/ended.ts";
import { createIdleSweep } from "../../../src/agents/sleep/idle.ts";
import type { TakenSlot } from "../../../src/agents/calls/pool.ts";
import { createPool } from "../../../src/agents/calls/pool.ts";
import { rollback } from "../../../src/agents/rollback.ts";
import { createScaler } from "../../../src/agents/scaling/scaler.ts";
import { detailOf } from "../../../src/agents/view.ts";
import type { Instance } from "../../../src/instance/instance.ts";
import { RunnerError } from "../../../src/lib/errors.ts";
import type { Manifest } from "../../../src/model/manifest.ts";
import { type Fakes, agentParts, untilAborted } from "../../helpers/agent-parts.ts";
import { specOf } from "../../helpers/records.ts";

const never = new AbortController().signal;

/** How long a start takes here, milliseconds. */
const START_MS = 500;

/** What becomes of starts; by default they succeed. */
type Starts = {
  start?: (...args: Parameters<NonNullable<Fakes["start"]>>) => Promise<Instance> | undefined;
};

/** An agent with one call inside an instance at a time, which runs. */
async function running(replicas: NonNullable<Manifest["replicas"]>, fakes: Starts = {}) {
  const fixture = agentParts({
    manifest: { concurrency: 1, replicas },
    async start(version, signal, replica) {
      if (replica !== 1) await fixture.clock.sleep(START_MS, signal);
      return fakes.start?.(version, signal, replica) ?? fixture.made(version, {}, replica);
    },
  });
  const { parts, agent, clock } = fixture;
  const scaler = createScaler(parts, { closing: never });
  const pool = createPool({
    ...{ clock, metrics: parts.metrics, maxQueue: 10, queueTimeoutMs: 60_000 },
    wake: () => undefined,
    waits: (it) => scaler.attend(it),
  });
  const call = async () => pool.acquire(agent, never);
  const instance = fixture.made(agent.currentVersion);
  agent.move({ state: "running", instance }, { reason: "a test" });
  await clock.advance(replicas.min === 1 ? 0 : replicas.min * START_MS);
  const numbers = () => agent.serving.map(({ replica }) => replica);
  return { ...fixture, scaler, call, instance, numbers };
}

/** So many calls are inside, each in an instance of its own. */
async function busy(count: number, fakes: Starts = {}) {
  const fixture = await running({ min: 1, max: count }, fakes);
  const calls = Array.from({ length: count }, () => fixture.call());
  // The first start is judged by a guess of one second.
  await fixture.clock.advance(1_000 + count * 2 * START_MS);
  const slots = await Promise.all(calls);
  return { ...fixture, slots };
}

const numberOf = ({ instance }: TakenSlot) => instance.replica;

describe("a queue", () => {
  test("that has waited for as long as a start takes gets one more instance, up to `max`", async () => {
    const { call, clock, numbers, agent, parts } = await running({ min: 1, max: 2 });
    const calls = [call(), call(), call()];
    await clock.advance(999);
    expect(agent.replicas.all()).toEqual([]);
    await clock.advance(1);
    const container = parts.names.container("echo", 3, 2);
    expect((await detailOf(agent, parts)).starting).toEqual([{ container, version: 3, replica: 2 }]);
    await clock.advance(START_MS);
    expect((await detailOf(agent, parts)).starting).toEqual([]);
    expect(await Promise.all(calls.slice(0, 2)).then((slots) => slots.map(numberOf))).toEqual([1, 2]);
    await clock.advance(60_000 - 2_000);
    expect({ numbers: numbers(), waiting: agent.queue.length }).toEqual({ numbers: [1, 2], waiting: 1 });
    (await calls[1])?.release();
    expect((await calls[2])?.instance.replica).toBe(2);
  });

  test("that is gone before a start would have helped starts nothing", async () => {
    const { call, clock, agent } = await running({ min: 1, max: 2 });
    const first = await call();
    const second = call();
    first.release();
    (await second).release();
    await clock.advance(60_000);
    expect(agent.replicas.all()).toEqual([]);
  });

  test("of an agent with one instance has no timers of the scaler's", async () => {
    const { call, clock } = await running({ min: 1, max: 1 });
    await call();
    void call();
    // That of the wait itself.
    expect(clock.pending()).toBe(1);
  });
});

describe("a call", () => {
  test("takes the instance with the fewest inside", async () => {
    const { call, slots } = await busy(3);
    expect(slots.map(numberOf)).toEqual([1, 2, 3]);
    slots[2]?.release();
    slots[1]?.release();
    expect(await Promise.all([call(), call()]).then((more) => more.map(numberOf))).toEqual([2, 3]);
  });

  test("goes to none whose end has begun", async () => {
    const { call, slots, instance } = await busy(2);
    for (const slot of slots) slot.release();
    instance.close();
    expect(numberOf(await call())).toBe(2);
  });
});

describe("instances", () => {
  test("up to `min` are there as soon as the agent runs, and again after one has ended", async () => {
    const { parts, agent, clock, numbers, stopped } = await running({ min: 3, max: 3 });
    expect(numbers()).toEqual([1, 2, 3]);
    const second = instanceWith(agent.serving, 2);
    second.answered();
    ended(parts, agent, { instance: second, cause: { reason: "oom" } });
    expect({ state: agent.state, numbers: numbers() }).toEqual({ state: "running", numbers: [1, 3] });
    await clock.advance(START_MS);
    expect(numbers()).toHaveLength(3);
    expect(stopped).toEqual([parts.names.container("echo", 3, 2)]);
  });

  test("serve on when the first one ends: another takes its place, and its number is free again", async () => {
    const { parts, agent, clock, call, slots, numbers, stopped, instance } = await busy(2);
    slots[1]?.release();
    ended(parts, agent, { instance, cause: { reason: "stopped", signal: 9 } });
    expect({ state: agent.state, numbers: numbers() }).toEqual({ state: "running", numbers: [2] });
    expect(numberOf(await call())).toBe(2);
    const waiting = call();
    await clock.advance(2 * START_MS);
    expect(numberOf(await waiting)).toBe(1);
    expect(stopped).toEqual([parts.names.container("echo", 3)]);
    expect(agent.lastError).toMatchObject({
      message:
        "One of its instances has ended: its container was stopped from outside the runner (signal 9).",
    });
    for (const number of [2, 1]) {
      const next = instanceWith(agent.serving, number);
      next.answered();
      ended(parts, agent, { instance: next, cause: { reason: "oom" } });
    }
    expect({ state: agent.state, lost: agent.serving }).toEqual({ state: "idle", lost: [] });
    await clock.advance(0);
    expect(agent.replicas.all()).toEqual([]);
  });

  test("that do not start are tried again, each time later", async () => {
    let starts = 0;
    const { call, clock, agent } = await running(
      { min: 2, max: 2 },
      {
        start() {
          starts += 1;
          return Promise.reject(new RunnerError("AGENT_START_FAILED", "no"));
        },
      },
    );
    await clock.advance(60_000);
    expect({ state: agent.state, serving: agent.serving.length }).toEqual({ state: "running", serving: 1 });
    expect(starts).toBeGreaterThan(3);
    expect(starts).toBeLessThan(8);
    (await call()).release();
  });

  test("leave when they are unused for `warm_timeout`, one that is used stays", async () => {
    const { clock, scaler, slots, numbers, stopped, parts } = await busy(3);
    for (const slot of slots.slice(1)) slot.release();
    await clock.advance(299_999);
    scaler.sweep();
    expect(numbers()).toEqual([1, 2, 3]);
    await clock.advance(1);
    scaler.sweep();
    expect(numbers()).toEqual([1]);
    await clock.advance(0);
    expect(stopped.toSorted()).toEqual([2, 3].map((it) => parts.names.container("echo", 3, it)).toSorted());
  });

  test("keep the agent awake as long as one is used, and end when it sleeps", async () => {
    const { clock, parts, slots, agent, stopped } = await busy(2);
    slots[0]?.release();
    await clock.advance(400_000);
    createIdleSweep(parts)();
    expect(agent.state).toBe("running");
    slots[1]?.release();
    await clock.advance(300_000);
    createIdleSweep(parts)();
    await clock.advance(0);
    expect({ state: agent.state, serving: agent.serving, more: agent.replicas.all() }).toEqual({
      ...{ state: "idle", serving: [], more: [] },
    });
    expect(stopped).toHaveLength(2);
  });

  test("are cut off and gone when the agent has been stopped, those that start too", async () => {
    const { clock, parts, slots, agent, call, stopped } = await busy(2);
    const cut: string[] = [];
    for (const { instance } of slots) instance.onCutOff((why) => void cut.push(why));
    agent.versions.forEach(({ manifest }) => (manifest.replicas = { min: 1, max: 3 }));
    const waiting = call().catch((error: unknown) => error);
    await clock.advance(START_MS);
    expect(agent.replicas.all().map(({ state }) => state)).toEqual(["running", "starting"]);
    await stop(parts, "echo");
    expect(await waiting).toMatchObject({ code: "AGENT_NOT_RUNNING" });
    expect({ cut, more: agent.replicas.all(), stopped: stopped.length }).toEqual({
      ...{ cut: ["stopped"], more: [], stopped: 2 },
    });
  });
});

describe("another version", () => {
  test("takes over in the middle of a start of one more; the old ones finish what they have", async () => {
    const { parts, agent, clock, slots, numbers, call, stopped } = await busy(2, {
      start: (version, signal, replica) =>
        version.version === 3 && replica === 3 ? untilAborted(signal) : undefined,
    });
    agent.versions.forEach(({ manifest }) => (manifest.replicas = { min: 1, max: 3 }));
    const waiting = call();
    await clock.advance(START_MS);
    expect(agent.replicas.all()).toHaveLength(2);
    const rolling = rollback(parts, "echo");
    await clock.advance(START_MS);
    await rolling;
    expect((await waiting).instance.version.version).toBe(2);
    expect({ numbers: numbers(), stopped }).toEqual({ numbers: [1, 2], stopped: [] });
    expect(new Set(agent.retirements.instances().map(({ replica }) => replica))).toEqual(new Set([1, 2]));
    for (const slot of slots) slot.release();
    await agent.retirements.gone(3);
    expect(stopped.toSorted()).toEqual([1, 2].map((it) => parts.names.container("echo", 3, it)).toSorted());
    expect(agent.replicas.all().map(({ version }) => version)).toEqual([2]);
  });

  test("has as many instances ready before it serves, so that no call waits for a start", async () => {
    const { parts, agent, clock, slots, numbers, call } = await busy(3);
    const rolling = rollback(parts, "echo");
    await clock.advance(START_MS - 1);
    expect(agent.record.current_version).toBe(3);
    expect(agent.serving.map(({ version }) => version.version)).toEqual([3, 3, 3]);
    await clock.advance(1);
    await rolling;
    expect(numbers()).toEqual([1, 2, 3]);
    const calls = await Promise.all([call(), call(), call()]);
    expect(calls.map(({ instance }) => instance.version.version)).toEqual([2, 2, 2]);
    for (const slot of slots) slot.release();
    await agent.retirements.gone(3);
    expect(agent.replicas.all()).toHaveLength(2);
  });

  test("that cannot be written leaves nothing of those that were ready, and the one before serves on", async () => {
    const { parts, agent, clock, numbers, stopped } = await busy(2);
    parts.store.writeAgent = () => Promise.reject(new Error("the disk is full"));
    const rolling = rollback(parts, "echo").catch(String);
    await clock.advance(START_MS);
    expect(await rolling).toBe("Error: the disk is full");
    expect({ numbers: numbers(), version: agent.record.current_version }).toEqual({
      numbers: [1, 2],
      version: 3,
    });
    expect(stopped.toSorted()).toEqual([1, 2].map((it) => parts.names.container("echo", 2, it)).toSorted());
  });

  test("may be served by one of its instances that is not gone yet", async () => {
    const { parts, agent, engine, slots, numbers, stopped, clock } = await busy(2);
    engine.images.set("oken/echo:v3", {});
    await engine.startContainer({ ...specOf(3), name: parts.names.container("echo", 3, 2) });
    const rolling = rollback(parts, "echo");
    await clock.advance(START_MS);
    await rolling;
    slots[0]?.release();
    await clock.advance(0);
    expect(stopped).toEqual([parts.names.container("echo", 3)]);
    const back = rollback(parts, "echo", { version: 3 });
    await clock.advance(START_MS);
    await back;
    expect({ first: numbers()[0], same: agent.instance === slots[1]?.instance }).toEqual({
      ...{ first: 2, same: true },
    });
  });
});

test("a start that an agent no longer needs leaves nothing, however late it comes", async () => {
  const late = Promise.withResolvers<Instance>();
  const { parts, agent, clock, made, call, stopped } = await running(
    { min: 1, max: 2 },
    { start: (_, signal) => (signal.aborted ? untilAborted(signal) : late.promise) },
  );
  await call();
  void call().catch(() => undefined);
  await clock.advance(1_000 + START_MS);
  const stopping = stop(parts, "echo");
  await clock.advance(0);
  late.resolve(made(agent.currentVersion, {}, 2));
  await stopping;
  expect(stopped.toSorted()).toEqual([1, 2].map((it) => parts.names.container("echo", 3, it)).toSorted());
  expect({ state: agent.state, more: agent.replicas.all() }).toEqual({ state: "stopped", more: [] });
});

function instanceWith(instances: Instance[], number: number): Instance {
  const found = instances.find(({ replica }) => replica === number);
  if (found === undefined) throw new Error(`no instance ${number}`);
  return found;
}
