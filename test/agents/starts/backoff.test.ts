import { describe, expect, test } from "bun:test";

import { start } from "../../../src/agents/commands.ts";
import { HELD_MS, createBackoff } from "../../../src/agents/starts/backoff.ts";
import { ended } from "../../../src/agents/ending/ended.ts";
import type { InstanceEnd } from "../../../src/instance/instance.ts";
import { RunnerError } from "../../../src/lib/errors.ts";
import { agentParts } from "../../helpers/agent-parts.ts";
import { createFakeClock } from "../../helpers/fake-clock.ts";
import { instanceOf } from "../../helpers/records.ts";

const never = new AbortController().signal;
const FAILURE = new RunnerError("AGENT_START_FAILED", "Agent echo did not start: it exited with code 3", {
  details: { reason: "exited", exit_code: 3, log: "no luck\n" },
});

/** A backoff, and instances of its agent. */
function fixture() {
  const clock = createFakeClock();
  const backoff = createBackoff(clock);
  const made = () => instanceOf(undefined, { clock });
  return { clock, backoff, made };
}

describe("the wait before the next start", () => {
  test("doubles with each start that fails, up to a minute", async () => {
    const { clock, backoff } = fixture();
    const waits: number[] = [];
    for (let round = 0; round < 9; round += 1) {
      backoff.startFailed();
      waits.push(backoff.waitMs / 1000);
      await clock.advance(backoff.waitMs);
      expect({ left: backoff.waitMs, at: backoff.nextStartAt }).toEqual({ left: 0, at: undefined });
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  });

  test("comes with the second death in a row: one is an accident", () => {
    const { backoff, made } = fixture();
    const waits = [1, 2, 3, 4].map(() => {
      backoff.died(made());
      return backoff.waitMs / 1000;
    });
    expect(waits).toEqual([0, 1, 2, 4]);
  });

  test("does not come of a death after an answer: those who call it may go on", () => {
    const { backoff, made } = fixture();
    for (let round = 0; round < 5; round += 1) {
      const instance = made();
      instance.answered();
      backoff.died(instance);
    }
    expect(backoff.waitMs).toBe(0);
  });

  test("begins anew after a start that has held", async () => {
    const { clock, backoff, made } = fixture();
    for (let round = 0; round < 4; round += 1) backoff.startFailed();
    const instance = made();
    await clock.advance(HELD_MS);
    backoff.died(instance);
    expect(backoff.waitMs).toBe(0);
    backoff.startFailed();
    expect(backoff.waitMs).toBe(1_000);
  });

  test("goes on after a start that has not held", async () => {
    const { clock, backoff, made } = fixture();
    for (let round = 0; round < 4; round += 1) backoff.startFailed();
    const instance = made();
    await clock.advance(HELD_MS - 1);
    backoff.ran(instance);
    backoff.startFailed();
    expect(backoff.waitMs).toBe(16_000);
  });

  test("ends when somebody does something about it", () => {
    const { backoff } = fixture();
    for (let round = 0; round < 4; round += 1) backoff.startFailed();
    backoff.reset();
    expect(backoff.waitMs).toBe(0);
    backoff.startFailed();
    expect(backoff.waitMs).toBe(1_000);
  });
});

describe("an agent whose start fails", () => {
  test("refuses invokes at once with the reason and the time, and tries again with the first after that", async () => {
    const starts: number[] = [];
    const runner = agentParts({
      start: () => {
        starts.push(runner.clock.monotonic());
        return Promise.reject(FAILURE);
      },
    });
    const { pool, agent, clock } = runner;
    await expect(pool.acquire(agent, never)).rejects.toBe(FAILURE);
    const refused = refusal(() => pool.acquire(agent, never));
    expect(refused).toMatchObject({
      code: "AGENT_NOT_RUNNING",
      status: 400,
      headers: { "Retry-After": "1" },
      details: {
        retry_after: 1,
        next_start_at: "2026-01-01T00:00:01.000Z",
        last_error: { code: "AGENT_START_FAILED", message: FAILURE.message, exit_code: 3 },
      },
    });
    expect(refused.message).toBe(
      "Agent echo is not running. Agent echo did not start: it exited with code 3. " +
        "Its next start is tried in 1 s; a deploy or POST /start/echo tries it at once.",
    );
    expect(agent.lastError?.log).toBe("no luck\n");
    await clock.advance(1_000);
    await expect(pool.acquire(agent, never)).rejects.toBe(FAILURE);
    expect(refusal(() => pool.acquire(agent, never)).headers).toEqual({ "Retry-After": "2" });
    expect(starts).toEqual([0, 1_000]);
  });

  test("says so in its events, and is counted", async () => {
    const { parts, pool, agent } = agentParts({ start: () => Promise.reject(FAILURE) });
    await expect(pool.acquire(agent, never)).rejects.toBe(FAILURE);
    expect(parts.feed.changesOf("echo")[0]).toEqual({
      at: "2026-01-01T00:00:00.000Z",
      from: "starting",
      status: "error",
      version: 3,
      reason: FAILURE.message,
      next_start_at: "2026-01-01T00:00:01.000Z",
    });
  });

  test("is tried at once by request, and waits a second again", async () => {
    const { parts, pool, agent, clock } = agentParts({ start: () => Promise.reject(FAILURE) });
    for (let round = 0; round < 3; round += 1) {
      await expect(pool.acquire(agent, never)).rejects.toBe(FAILURE);
      await clock.advance(agent.backoff.waitMs);
    }
    await expect(start(parts, "echo")).rejects.toBe(FAILURE);
    expect(agent.backoff.waitMs).toBe(1_000);
  });

  test("that was stopped before runs for good once an invoke has brought it up", async () => {
    let fails = true;
    const runner = agentParts({
      state: "stopped",
      start: (version) => (fails ? Promise.reject(FAILURE) : Promise.resolve(runner.made(version))),
    });
    const { parts, pool, agent, clock, written } = runner;
    await expect(start(parts, "echo")).rejects.toBe(FAILURE);
    fails = false;
    await clock.advance(1_000);
    await pool.acquire(agent, never);
    expect(agent.state).toBe("running");
    expect(written).toMatchObject([{ desired: "running" }]);
  });

  test("for want of an engine waits for nothing", async () => {
    const { pool, agent } = agentParts({
      start: () => Promise.reject(new RunnerError("ENGINE_UNAVAILABLE", "away")),
    });
    await expect(pool.acquire(agent, never)).rejects.toThrow("away");
    expect({ state: agent.state, wait: agent.backoff.waitMs }).toEqual({ state: "idle", wait: 0 });
  });
});

/** An agent that runs, and how its container ends. */
function dying() {
  const fixture = agentParts({ state: "running" });
  const { parts, pool, agent } = fixture;
  const die = (cause: InstanceEnd = { reason: "exited", exitCode: 1 }) => {
    const { instance } = agent;
    if (instance === undefined) throw new Error(`it is ${agent.state}`);
    ended(parts, agent, { instance, cause });
  };
  return { ...fixture, die, invoke: () => pool.acquire(agent, never) };
}

describe("an agent that dies as soon as it runs", () => {
  test("is woken at once the first time, and refuses after the second", async () => {
    const { agent, die, invoke } = dying();
    die();
    expect(agent.state).toBe("idle");
    await invoke();
    die();
    expect(agent.state).toBe("error");
    expect(refusal(invoke).message).toContain(
      "Its container exited with code 1. Its next start is tried in 1 s",
    );
  });

  test("refuses those who wait", async () => {
    const { die, invoke } = dying();
    die();
    const inside = [await invoke(), await invoke()];
    const waiting = invoke();
    die({ reason: "oom" });
    await expect(waiting).rejects.toMatchObject({ code: "AGENT_NOT_RUNNING" });
    expect(inside[0]?.instance.ended).toEqual({ reason: "oom" });
  });

  test("by somebody else's hand is woken at once, however often", async () => {
    const { agent, die, invoke } = dying();
    for (let round = 0; round < 4; round += 1) {
      die({ reason: "stopped", signal: 9 });
      expect(agent.state).toBe("idle");
      await invoke();
    }
  });
});

function refusal(work: () => unknown): RunnerError {
  try {
    void work();
  } catch (error) {
    if (error instanceof RunnerError) return error;
  }
  throw new Error("it was not refused");
}
