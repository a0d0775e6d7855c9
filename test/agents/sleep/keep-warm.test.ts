import { describe, expect, test } from "bun:test";

import { remove, stop } from "../../../src/agents/commands.ts";
import { ended } from "../../../src/agents/ending/ended.ts";
import { createIdleSweep } from "../../../src/agents/sleep/idle.ts";
import { createKeeper } from "../../../src/agents/sleep/keep-warm.ts";
import { RunnerError } from "../../../src/lib/errors.ts";
import type { VersionRecord } from "../../../src/model/agent.ts";
import type { InstanceEnd } from "../../../src/instance/instance.ts";
import { agentParts } from "../../helpers/agent-parts.ts";

const START_FAILED = new RunnerError("AGENT_START_FAILED", "no");
const AWAY = new RunnerError("ENGINE_UNAVAILABLE", "away");

/** A runner that keeps `echo` warm; `fails` is what becomes of its starts. */
function keeping(options: { state?: "idle" | "running" | "stopped"; fails?: () => Error | undefined } = {}) {
  const starts: number[] = [];
  const closing = new AbortController();
  const runner = agentParts({
    state: options.state ?? "running",
    manifest: { keepWarm: true, warmTimeout: 0 },
    start: (version: VersionRecord) => {
      starts.push(runner.clock.monotonic() / 1000);
      const failure = options.fails?.();
      return failure === undefined ? Promise.resolve(runner.made(version)) : Promise.reject(failure);
    },
  });
  const { parts, agent } = runner;
  const keeper = createKeeper(parts, { startsAtOnce: 2, closing: closing.signal });
  const end = (cause: InstanceEnd = { reason: "exited", exitCode: 1 }) => {
    const { instance } = agent;
    if (instance === undefined) throw new Error(`it is ${agent.state}`);
    ended(parts, agent, { instance, cause });
  };
  return {
    ...runner,
    starts,
    keeper,
    end,
    close: () => closing.abort(),
  };
}

describe("an agent that is kept warm", () => {
  test.each<[string, InstanceEnd]>([
    ["exits", { reason: "exited", exitCode: 0 }],
    ["runs out of memory", { reason: "oom" }],
    ["is killed by hand", { reason: "stopped", signal: 9 }],
    ["loses its network", { reason: "disconnected" }],
  ])("is started at once when it %s", async (_, cause) => {
    const { agent, clock, starts, end } = keeping();
    end(cause);
    await clock.advance(0);
    expect({ state: agent.state, starts }).toEqual({ state: "running", starts: [0] });
  });

  test("and keeps dying is started after 0, 1, 2, 4 … 60 s, and for no invoke before", async () => {
    const { agent, clock, starts, end } = keeping();
    for (let round = 0; round < 9; round += 1) {
      end();
      await clock.advance(agent.backoff.waitMs);
      expect(agent.state).toBe("running");
    }
    expect(starts.map((at, index) => at - (starts[index - 1] ?? 0))).toEqual([0, 1, 2, 4, 8, 16, 32, 60, 60]);
  });

  test("and does not start is tried again after 1, 2, 4 … s, until it does", async () => {
    const { agent, clock, starts, keeper } = keeping({
      state: "idle",
      fails: () => (starts.length < 5 ? START_FAILED : undefined),
    });
    keeper.attend();
    await clock.advance(3_500);
    expect({ starts, state: agent.state }).toEqual({ starts: [0, 1, 3], state: "error" });
    await clock.advance(20_000);
    expect({ starts, state: agent.state }).toEqual({ starts: [0, 1, 3, 7, 15], state: "running" });
    expect(clock.pending()).toBe(0);
  });

  test("while the engine is away is tried with the same waits, and at once when it is back", async () => {
    let isAway = true;
    const { agent, clock, starts, keeper } = keeping({
      state: "idle",
      fails: () => (isAway ? AWAY : undefined),
    });
    keeper.attend();
    await clock.advance(10_000);
    expect({ starts, state: agent.state }).toEqual({ starts: [0, 1, 3, 7], state: "idle" });
    isAway = false;
    keeper.attend();
    await clock.advance(0);
    expect(agent.state).toBe("running");
  });

  test("and died while the runner was away is started when it is back", async () => {
    const { agent, clock, keeper } = keeping({ state: "idle" });
    await clock.advance(60_000);
    expect(agent.state).toBe("idle");
    keeper.attend();
    await clock.advance(0);
    expect(agent.state).toBe("running");
  });

  test("and was stopped stays so; one that is removed is forgotten", async () => {
    const { parts, agent, clock, keeper, starts } = keeping();
    await stop(parts, "echo");
    keeper.attend();
    await clock.advance(60_000);
    expect({ state: agent.state, starts }).toEqual({ state: "stopped", starts: [] });

    const other = keeping({ state: "idle", fails: () => START_FAILED });
    other.keeper.attend();
    await other.clock.advance(0);
    await remove(
      { ...other.parts, store: { ...other.parts.store, removeAgent: async () => undefined } },
      "echo",
    );
    expect(other.clock.pending()).toBe(0);
  });

  test("is never put to sleep, and nothing is started once the runner ends", async () => {
    const { parts, agent, clock, close, end } = keeping();
    await clock.advance(100_000_000);
    createIdleSweep(parts)();
    expect(agent.state).toBe("running");
    end();
    close();
    await clock.advance(60_000);
    expect({ state: agent.state, timers: clock.pending() }).toEqual({ state: "idle", timers: 0 });
  });
});

test("an agent without keep_warm is left to the next invoke", async () => {
  const runner = agentParts({ state: "running" });
  const keeper = createKeeper(runner.parts, { startsAtOnce: 1, closing: new AbortController().signal });
  const { instance } = runner.agent;
  if (instance !== undefined)
    ended(runner.parts, runner.agent, { instance, cause: { reason: "exited", exitCode: 1 } });
  keeper.attend();
  await runner.clock.advance(60_000);
  expect(runner.agent.state).toBe("idle");
});
