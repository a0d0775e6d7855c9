import { describe, expect, test } from "bun:test";

import { start, stop } from "../../../src/agents/commands.ts";
import { commit } from "../../../src/agents/deploy/commit.ts";
import { watchEngine } from "../../../src/agents/watches/engine-watch.ts";
import { createIdleSweep } from "../../../src/agents/sleep/idle.ts";
import type { Abilities } from "../../../src/docker/types.ts";
import { RunnerError } from "../../../src/lib/errors.ts";
import { createLog } from "../../../src/lib/log.ts";
import { agentParts, runningAgent, untilAborted } from "../../helpers/agent-parts.ts";
import { eventually } from "../../helpers/eventually.ts";
import { instanceOf, versionRecord } from "../../helpers/records.ts";

const never = new AbortController().signal;
const NAME = "oken-echo-v3";

/** `echo`, which is paused after 5 s and stopped after 60; the engine's events are followed. */
async function fixture({ can = {} }: { can?: Partial<Abilities> } = {}) {
  const runner = await runningAgent({ manifest: { pauseAfter: 5, warmTimeout: 60 }, can });
  const { parts, engine, clock } = runner;
  const lines: { level: string; msg: string; reason?: string }[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const log = createLog({ level: "debug", format: "json", destination });
  const all = { ...parts, log };
  const closing = new AbortController();
  const following = watchEngine(
    { ...all, keeper: { attend: () => undefined }, onBack: () => undefined },
    closing.signal,
  );
  await clock.advance(0);
  return {
    ...runner,
    parts: all,
    sweep: createIdleSweep(all),
    /** What the log has about pauses that failed. */
    told: () => lines.filter(({ msg }) => msg.includes("could not be paused")).map(({ level }) => level),
    isPaused: () => engine.containers.get(NAME)?.paused,
    async [Symbol.asyncDispose]() {
      closing.abort();
      await clock.advance(2_000);
      await following;
    },
  };
}

/** The same, and it is paused. */
async function paused() {
  const runner = await fixture();
  await runner.clock.advance(5_000);
  runner.sweep();
  await runner.clock.advance(0);
  expect({ state: runner.agent.state, isPaused: runner.isPaused() }).toEqual({
    ...{ state: "paused", isPaused: true },
  });
  return runner;
}

describe("an agent that nobody uses", () => {
  test("runs until it sleeps where nothing can be paused", async () => {
    await using runner = await fixture({ can: { pause: false } });
    const { agent, clock, sweep, isPaused } = runner;
    await clock.advance(30_000);
    sweep();
    expect({ state: agent.state, isPaused: isPaused() }).toEqual({ state: "running", isPaused: false });
    await clock.advance(30_000);
    sweep();
    expect(agent.state).toBe("idle");
  });

  test("is paused after its pause_after, and the next invoke lets the same instance go on", async () => {
    await using runner = await fixture();
    const { agent, pool, clock, sweep, instance, isPaused } = runner;
    await clock.advance(4_999);
    sweep();
    expect(agent.state).toBe("running");
    await clock.advance(1);
    sweep();
    expect({ state: agent.state, instance: agent.instance }).toEqual({
      state: "paused",
      instance: undefined,
    });
    const slot = await pool.acquire(agent, never);
    expect(slot.instance).toBe(instance);
    expect({ state: agent.state, isPaused: isPaused() }).toEqual({ state: "running", isPaused: false });
  });

  test("is not paused with a request inside, and counts from its end", async () => {
    await using runner = await fixture();
    const { agent, pool, clock, sweep } = runner;
    const slot = await pool.acquire(agent, never);
    await clock.advance(50_000);
    sweep();
    expect(agent.state).toBe("running");
    slot.release();
    await clock.advance(4_999);
    sweep();
    expect(agent.state).toBe("running");
    await clock.advance(1);
    sweep();
    expect(agent.state).toBe("paused");
  });

  test("is stopped after its warm_timeout in sum", async () => {
    await using runner = await paused();
    const { agent, clock, sweep, stopped } = runner;
    await clock.advance(54_999);
    sweep();
    expect(agent.state).toBe("paused");
    await clock.advance(1);
    sweep();
    await clock.advance(0);
    expect({ state: agent.state, stopped }).toEqual({ state: "idle", stopped: [NAME] });
  });

  test("and is started by request is not paused at once", async () => {
    await using runner = await paused();
    const { agent, parts, clock, sweep } = runner;
    await clock.advance(10_000);
    await start(parts, "echo");
    sweep();
    expect(agent.state).toBe("running");
  });
});

describe("a pause that takes its time", () => {
  test("is waited for by an invoke, which then has it undone", async () => {
    await using runner = await fixture();
    const { agent, pool, clock, sweep, parts, isPaused } = runner;
    const begun = Promise.withResolvers<void>();
    const { engine } = runner;
    const slow = {
      ...engine,
      pauseContainer: (id: string) => begun.promise.then(() => engine.pauseContainer(id)),
    };
    await clock.advance(5_000);
    createIdleSweep({ ...parts, engine: slow })();
    const waiting = pool.acquire(agent, never);
    await clock.advance(0);
    expect({ state: agent.state, inside: agent.queue.length }).toEqual({ state: "starting", inside: 1 });
    begun.resolve();
    await waiting;
    expect(isPaused()).toBe(false);
    sweep();
    expect(agent.state).toBe("running");
  });
});

describe("a runtime that cannot pause", () => {
  test("leaves the agent running until it sleeps, says so once, and is not asked again", async () => {
    await using runner = await fixture();
    const { agent, engine, clock, sweep, told } = runner;
    engine.refusePause("OCI runtime pause failed: cannot toggle freezer");
    await clock.advance(5_000);
    for (let round = 0; round < 3; round += 1) {
      sweep();
      await clock.advance(1_000);
      expect(agent.state).toBe("running");
    }
    const asked = () => engine.calls("pauseContainer").length;
    expect({ asked: asked(), told: told() }).toEqual({ asked: 1, told: ["warn"] });
    await clock.advance(60_000);
    sweep();
    expect(agent.state).toBe("idle");
  });

  test("is asked again after a call, and given up after the third time", async () => {
    await using runner = await fixture();
    const { agent, engine, pool, clock, sweep, told } = runner;
    engine.refusePause("unable to freeze");
    for (let round = 0; round < 5; round += 1) {
      (await pool.acquire(agent, never)).release();
      await clock.advance(5_000);
      sweep();
      await clock.advance(0);
      expect(agent.state).toBe("running");
    }
    expect({ asked: engine.calls("pauseContainer").length, told: told() }).toEqual({
      ...{ asked: 3, told: ["warn", "debug", "debug"] },
    });
  });

  test("keeps those not waiting who come meanwhile", async () => {
    await using runner = await fixture();
    const { agent, engine, pool, clock, sweep, instance } = runner;
    engine.refusePause("no");
    await clock.advance(5_000);
    sweep();
    expect((await pool.acquire(agent, never)).instance).toBe(instance);
  });

  test("is told from an engine that is away, which is asked again", async () => {
    await using runner = await fixture();
    const { agent, parts, engine, clock } = runner;
    let away = true;
    const pauseContainer = async (id: string) => {
      if (away) throw new RunnerError("ENGINE_UNAVAILABLE", "away");
      await engine.pauseContainer(id);
    };
    const sweep = createIdleSweep({ ...parts, engine: { ...engine, pauseContainer } });
    await clock.advance(5_000);
    sweep();
    await clock.advance(0);
    expect(agent.state).toBe("running");
    away = false;
    sweep();
    expect(agent.state).toBe("paused");
  });
});

describe("a paused agent", () => {
  test("whose container was stopped meanwhile is started anew", async () => {
    await using runner = await paused();
    const { agent, parts, engine, pool, instance } = runner;
    const gone = { ...parts.instances, resume: () => Promise.resolve(false) };
    Object.assign(parts.instances, gone);
    expect((await pool.acquire(agent, never)).instance).not.toBe(instance);
    expect({ state: agent.state, asked: engine.calls("unpauseContainer").length }).toEqual({
      ...{ state: "running", asked: 0 },
    });
  });

  test("is stopped by request, and after a redeploy its container is removed", async () => {
    await using runner = await paused();
    await stop(runner.parts, "echo");
    expect({ state: runner.agent.state, stopped: runner.stopped }).toEqual({
      ...{ state: "stopped", stopped: [NAME] },
    });

    await using other = await paused();
    const next = instanceOf(versionRecord(4), { name: "next", clock: other.clock });
    await commit(other.parts, "echo", { instance: next, reason: "a deploy" });
    await other.agent.retirements.gone(3);
    expect({ state: other.agent.state, stopped: other.stopped }).toEqual({
      ...{ state: "running", stopped: [NAME] },
    });
  });

  test("whose start by request is ended sleeps, and what ended it goes on", async () => {
    const { parts, agent } = agentParts({ state: "paused", start: (_, signal) => untilAborted(signal) });
    const starting = Promise.allSettled([start(parts, "echo")]);
    await eventually(() => expect(agent.state).toBe("starting"));
    await parts.operations.run("echo", { name: "deploy" }, () => Promise.resolve());
    expect(await starting).toMatchObject([{ status: "rejected", reason: { code: "DEPLOY_CONFLICT" } }]);
    expect(agent.state).toBe("idle");
  });

  test("that is killed by hand sleeps", async () => {
    await using runner = await paused();
    const { agent, engine, clock } = runner;
    engine.kill(NAME, 9);
    await clock.advance(0);
    expect({ state: agent.state, why: agent.lastError?.message }).toEqual({
      state: "idle",
      why: "Its container was stopped from outside the runner (signal 9).",
    });
  });

  test("shows its container, and what that holds in memory", async () => {
    await using runner = await paused();
    const { agent, parts } = runner;
    expect(agent.instances()).toEqual([runner.instance]);
    expect(await parts.metrics.text()).toContain(
      'oken_agent_state_changes_total{from="running",to="paused"} 1\n',
    );
  });
});

describe("an operator's docker pause and unpause", () => {
  test("are followed: the next invoke lets it go on, and an unpaused one is paused again after its time", async () => {
    await using runner = await fixture();
    const { agent, engine, pool, clock, sweep, instance, isPaused } = runner;
    engine.pause(NAME);
    await clock.advance(0);
    expect(agent.state).toBe("paused");
    engine.unpause(NAME);
    await clock.advance(0);
    expect(agent.state).toBe("running");
    engine.pause(NAME);
    await clock.advance(0);
    const slot = await pool.acquire(agent, never);
    expect({ isSame: slot.instance === instance, isPaused: isPaused() }).toEqual({
      ...{ isSame: true, isPaused: false },
    });
    slot.release();
    await clock.advance(5_000);
    sweep();
    expect(agent.state).toBe("paused");
  });

  test("with a call inside: it goes on at once", async () => {
    await using runner = await fixture();
    const { agent, engine, pool, clock, isPaused } = runner;
    const slot = await pool.acquire(agent, never);
    engine.pause(NAME);
    await clock.advance(0);
    await clock.advance(0);
    expect({ state: agent.state, isPaused: isPaused(), ended: slot.instance.ended }).toEqual({
      ...{ state: "running", isPaused: false, ended: undefined },
    });
  });

  test("during a gap in the events are found after it", async () => {
    await using runner = await fixture();
    const { agent, engine, clock } = runner;
    engine.goAway();
    engine.comeBack();
    engine.pause(NAME);
    await clock.advance(2_000);
    expect(agent.state).toBe("paused");
  });

  test("that are told late change nothing", async () => {
    await using runner = await paused();
    const { agent, engine, pool, clock, instance } = runner;
    const slot = await pool.acquire(agent, never);
    // As if the engine told now of the pause that is over.
    engine.pause(NAME);
    engine.unpause(NAME);
    await clock.advance(0);
    expect({ state: agent.state, isSame: slot.instance === instance }).toEqual({
      ...{ state: "running", isSame: true },
    });
  });
});
