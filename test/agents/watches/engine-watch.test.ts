import { describe, expect, test } from "bun:test";

import { watchEngine } from "../../../src/agents/watches/engine-watch.ts";
import { retire } from "../../../src/agents/ending/retire.ts";
import type { InstanceEnd } from "../../../src/instance/instance.ts";
import { type Log, createLog } from "../../../src/lib/log.ts";
import { runningAgent } from "../../helpers/agent-parts.ts";
import { instanceOf, specOf, versionRecord } from "../../helpers/records.ts";

const never = new AbortController().signal;

const NAME = "oken-echo-v3";

/** A runner that watches the engine's events, in front of the running container of version 3 of `echo`. */
async function watching(others: { log?: Log } = {}) {
  const fixture = await runningAgent();
  const { parts, clock, instance } = fixture;
  const ends: InstanceEnd[] = [];
  instance.onEnd((cause) => void ends.push(cause));
  const closing = new AbortController();
  let attended = 0;
  const keeper = { attend: () => void attended++ };
  const ended = watchEngine({ ...parts, ...others, keeper, onBack: () => undefined }, closing.signal);
  await clock.advance(0);
  return {
    ...fixture,
    /** What those inside the instance are told. */
    ends,
    /** How often agents that are kept warm were looked after. */
    attended: () => attended,
    async [Symbol.asyncDispose]() {
      closing.abort();
      await clock.advance(60_000);
      await ended;
    },
  };
}

describe("an agent whose container exits", () => {
  test("sleeps at once, says why, and tells those inside", async () => {
    await using runner = await watching();
    const { agent, engine, parts, clock, ends } = runner;
    engine.exit(NAME, 3);
    await clock.advance(0);
    expect(agent.state).toBe("idle");
    expect(ends).toEqual([{ reason: "exited", exitCode: 3 }]);
    expect(agent.lastError).toMatchObject({
      code: "INVOKE_FAILED",
      message: "Its container exited with code 3.",
    });
    expect(await parts.metrics.text()).toContain("oken_agent_deaths_total 1\n");
  });

  test("by an operator's signal is told apart", async () => {
    await using runner = await watching();
    const { agent, engine, clock, ends } = runner;
    engine.kill(NAME, 9);
    await clock.advance(0);
    expect(ends).toEqual([{ reason: "stopped", signal: 9 }]);
    expect(agent.lastError?.message).toBe("Its container was stopped from outside the runner (signal 9).");
  });

  test("for want of memory is told apart", async () => {
    await using runner = await watching();
    const { agent, engine, clock, ends } = runner;
    engine.exit(NAME, 137, { oomKilled: true });
    await clock.advance(0);
    expect(ends).toEqual([{ reason: "oom" }]);
    expect(agent.lastError?.message).toBe("Its container ran out of memory.");
  });

  test("killed by nobody known has a moment for its cause to be told, and no slot meanwhile", async () => {
    await using runner = await watching();
    const { agent, engine, clock, ends, instance } = runner;
    engine.exit(NAME, 137);
    await clock.advance(0);
    expect({ ends, hasFreeSlot: instance.hasFreeSlot() }).toEqual({ ends: [], hasFreeSlot: false });
    await clock.advance(150);
    expect({ ends, state: agent.state }).toEqual({
      ends: [{ reason: "exited", exitCode: 137 }],
      state: "idle",
    });
  });

  test("is woken by the invokes that wait", async () => {
    await using runner = await watching();
    const { agent, engine, pool, clock } = runner;
    const inside = [await pool.acquire(agent, never), await pool.acquire(agent, never)];
    const waiting = pool.acquire(agent, never);
    engine.exit(NAME, 1);
    await clock.advance(0);
    const slot = await waiting;
    expect(inside.map(({ instance }) => instance)).not.toContain(slot.instance);
    expect(agent.state).toBe("running");
  });
});

describe("an agent that an operator tells to stop", () => {
  test("gets no invoke more: those that come wait for its next start", async () => {
    await using runner = await watching();
    const { agent, engine, pool, clock, instance } = runner;
    engine.signal(NAME, 15);
    await clock.advance(0);
    const waiting = pool.acquire(agent, never);
    await clock.advance(5_000);
    expect({ queued: agent.queue.length, ended: instance.ended }).toEqual({ queued: 1, ended: undefined });
    engine.exit(NAME, 0);
    await clock.advance(0);
    expect((await waiting).instance).not.toBe(instance);
  });

  test("and does not stop, gets them again", async () => {
    await using runner = await watching();
    const { agent, engine, pool, clock, instance } = runner;
    engine.signal(NAME, 15);
    await clock.advance(0);
    const waiting = pool.acquire(agent, never);
    await clock.advance(12_000);
    expect((await waiting).instance).toBe(instance);
    engine.exit(NAME, 0);
    await clock.advance(0);
    expect(instance.ended).toEqual({ reason: "exited", exitCode: 0 });
  });

  test("with a signal that ends no program, notices nothing", async () => {
    await using runner = await watching();
    const { engine, clock, instance } = runner;
    engine.signal(NAME, 1);
    await clock.advance(0);
    expect(instance.hasFreeSlot()).toBe(true);
  });
});

describe("an agent whose container leaves the network", () => {
  test("gets no invoke more at once, and is then started anew by the next one", async () => {
    await using runner = await watching();
    const { agent, engine, pool, clock, ends, instance } = runner;
    engine.disconnect(NAME);
    await clock.advance(0);
    const waiting = pool.acquire(agent, never);
    expect(instance.hasFreeSlot()).toBe(false);
    await clock.advance(150);
    expect(ends).toEqual([{ reason: "disconnected" }]);
    expect(engine.containers.get(NAME)?.running).toBe(false);
    expect((await waiting).instance).not.toBe(instance);
    expect(agent.state).toBe("running");
  });

  test("and exits late, was stopped if it was told to", async () => {
    await using runner = await watching();
    const { engine, clock, ends } = runner;
    engine.signal(NAME, 9);
    engine.disconnect(NAME);
    await clock.advance(150);
    expect(ends).toEqual([{ reason: "stopped", signal: 9 }]);
  });

  test("says so", async () => {
    await using runner = await watching();
    const { agent, engine, clock } = runner;
    engine.disconnect(NAME);
    await clock.advance(150);
    expect(agent.state).toBe("idle");
    expect(agent.lastError?.message).toBe("Its container lost its network.");
  });
});

test("a network that is removed is made anew", async () => {
  await using runner = await watching();
  const { engine, clock } = runner;
  engine.removeNetwork();
  await clock.advance(0);
  expect(await engine.networkExists()).toBe(true);
});

test("an instance that finishes what it has is told its end too, and its agent runs on", async () => {
  await using runner = await watching();
  const { agent, engine, parts, clock, ends, instance } = runner;
  instance.enter();
  const next = instanceOf(versionRecord(2), { clock });
  agent.move({ state: "running", instance: next }, { reason: "a deploy" });
  const retired = retire(parts, agent, instance);
  engine.kill(NAME, 9);
  await clock.advance(0);
  expect(ends).toEqual([{ reason: "stopped", signal: 9 }]);
  expect(agent.instance).toBe(next);
  instance.leave();
  await retired;
});

test("an exit of another container changes nothing, but a start that asks learns of it", async () => {
  await using runner = await watching();
  const { agent, engine, parts, clock } = runner;
  engine.images.set("oken/echo:v2", {});
  const other = await engine.startContainer(specOf(2));
  engine.exit("oken-echo-v2", 1);
  await clock.advance(0);
  expect(agent.state).toBe("running");
  expect(parts.exits.lastAt(other.id)).toBe(clock.monotonic());
});

describe("after the engine was away", () => {
  test("whoever exited meanwhile is found, with its exit code", async () => {
    await using runner = await watching();
    const { agent, engine, clock, ends } = runner;
    engine.goAway();
    await clock.advance(0);
    engine.exit(NAME, 4);
    await clock.advance(1_000);
    expect(agent.state).toBe("running");
    engine.comeBack();
    await clock.advance(2_000);
    expect(agent.state).toBe("idle");
    expect(ends).toEqual([{ reason: "exited", exitCode: 4 }]);
  });

  test("it is asked until it has listed what there is: it may tell events sooner", async () => {
    await using runner = await watching();
    const { agent, engine, clock } = runner;
    const list = engine.listContainers.bind(engine);
    let fails = 3;
    engine.listContainers = () => (fails-- > 0 ? Promise.reject(new Error("starting")) : list());
    engine.goAway();
    await clock.advance(0);
    engine.exit(NAME, 4);
    engine.comeBack();
    await clock.advance(5_000);
    expect(agent.state).toBe("idle");
  });

  test("the log has said so once, and that it is back", async () => {
    const lines: string[] = [];
    const log = createLog({
      level: "info",
      format: "json",
      destination: { write: (line) => void lines.push(line) },
    });
    await using runner = await watching({ log });
    const { engine, clock } = runner;
    engine.goAway();
    for (let second = 0; second < 60; second += 1) await clock.advance(1_000);
    engine.comeBack();
    for (let second = 0; second < 5; second += 1) await clock.advance(1_000);
    const said = lines.map((line): unknown => JSON.parse(line));
    expect(said).toMatchObject([
      { level: "warn", msg: "the engine's events cannot be followed", reason: expect.any(String) },
      { level: "warn", msg: "the engine does not answer; agents that run keep running" },
      { level: "info", msg: "the engine answers again" },
    ]);
    expect(lines.join("")).not.toContain("stack");
  });

  test("whoever left the network meanwhile is found, and the network is there", async () => {
    await using runner = await watching();
    const { agent, engine, clock, ends } = runner;
    engine.goAway();
    await clock.advance(0);
    engine.disconnect(NAME);
    engine.removeNetwork();
    engine.comeBack();
    await clock.advance(2_000);
    expect({ ends, state: agent.state }).toEqual({ ends: [{ reason: "disconnected" }], state: "idle" });
    expect(await engine.networkExists()).toBe(true);
  });

  test("whoever serves as before goes on", async () => {
    await using runner = await watching();
    const { agent, engine, clock, instance, attended } = runner;
    engine.goAway();
    engine.comeBack();
    await clock.advance(2_000);
    expect(agent.instance).toBe(instance);
    expect(attended()).toBeGreaterThan(0);
  });

  test("a container that runs though its agent sleeps is adopted", async () => {
    await using runner = await watching();
    const { agent, engine, clock } = runner;
    engine.exit(NAME, 0);
    await clock.advance(0);
    engine.goAway();
    engine.comeBack();
    await engine.restartContainer(specOf(3));
    await clock.advance(2_000);
    expect(agent.state).toBe("running");
  });
});
