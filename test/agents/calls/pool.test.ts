import { describe, expect, test } from "bun:test";

import type { Agent } from "../../../src/agents/agent.ts";
import { createPool } from "../../../src/agents/calls/pool.ts";
import { RunnerError } from "../../../src/lib/errors.ts";
import { type Metrics, createMetrics } from "../../../src/metrics/metrics.ts";
import { createFakeClock } from "../../helpers/fake-clock.ts";
import { agentIn, instanceOf } from "../../helpers/records.ts";

const never = new AbortController().signal;

function fixture(
  options: {
    state?: Parameters<typeof agentIn>[0];
    maxQueue?: number;
    queueTimeoutMs?: number;
    wake?: (agent: Agent) => void;
  } = {},
) {
  const { state = "running", maxQueue = 10, queueTimeoutMs = 60_000, wake = () => undefined } = options;
  const clock = createFakeClock();
  const agent = agentIn(state, { instance: instanceOf(undefined, { clock }), clock });
  const metrics = createMetrics();
  return { agent, metrics, clock, pool: createPool({ clock, metrics, maxQueue, queueTimeoutMs, wake }) };
}

/** What a wake does at first, and at last. */
const begin = (agent: Agent) =>
  agent.move(
    { state: "starting", start: { done: Promise.resolve(), end: () => undefined } },
    { reason: "an invoke woke it" },
  );
const serve = (agent: Agent) => agent.move({ state: "running", instance: instanceOf() }, { reason: "ready" });

describe("an agent that runs", () => {
  test("takes as many as its concurrency at once, the next when one leaves, in the order they came", async () => {
    const { agent, pool } = fixture();
    const first = await pool.acquire(agent, never);
    await pool.acquire(agent, never);
    const order: string[] = [];
    const third = Promise.resolve(pool.acquire(agent, never)).then((slot) => (order.push("third"), slot));
    const fourth = Promise.resolve(pool.acquire(agent, never)).then((slot) => (order.push("fourth"), slot));
    expect(agent.instance?.inFlight).toBe(2);
    first.release();
    (await third).release();
    (await fourth).release();
    expect(order).toEqual(["third", "fourth"]);
  });

  test("a slot that is released twice is free once", async () => {
    const { agent, pool } = fixture();
    const slot = await pool.acquire(agent, never);
    slot.release();
    slot.release();
    expect(agent.instance?.inFlight).toBe(0);
  });

  test("whoever comes to a full queue is told when to come again, by the agent's own pace", async () => {
    const { agent, pool, clock } = fixture({ maxQueue: 1 });
    const slot = await pool.acquire(agent, never);
    await clock.advance(9_000);
    slot.release();
    await pool.acquire(agent, never);
    await pool.acquire(agent, never);
    const waiting = pool.acquire(agent, never);
    const refused = (() => {
      try {
        return pool.acquire(agent, never);
      } catch (error) {
        return error;
      }
    })();
    // Two are ahead of it, nine seconds each, two at a time.
    expect(refused).toMatchObject({ code: "AGENT_BUSY", status: 429, headers: { "Retry-After": "9" } });
    agent.queue.refuse(new RunnerError("AGENT_NOT_RUNNING", "over"));
    await expect(waiting).rejects.toMatchObject({ code: "AGENT_NOT_RUNNING" });
  });

  test("what lasts as long as its caller likes says nothing of the agent's pace", async () => {
    const { agent, pool, clock } = fixture();
    const streaming = await pool.acquire(agent, never);
    streaming.openEnded();
    await clock.advance(60_000);
    streaming.release();
    expect(agent.meanInvokeMs).toBe(0);
    const slot = await pool.acquire(agent, never);
    await clock.advance(10);
    slot.release();
    expect(agent.meanInvokeMs).toBe(10);
  });

  test("whoever waits too long is refused and leaves the queue", async () => {
    const { agent, pool, clock } = fixture({ queueTimeoutMs: 30_000 });
    await pool.acquire(agent, never);
    await pool.acquire(agent, never);
    const waiting = Promise.allSettled([pool.acquire(agent, never)]);
    await clock.advance(29_999);
    expect(agent.queue.length).toBe(1);
    await clock.advance(1);
    expect(await waiting).toMatchObject([{ reason: { code: "AGENT_BUSY" } }]);
    expect({ queued: agent.queue.length, timers: clock.pending() }).toEqual({ queued: 0, timers: 0 });
  });

  test("a caller who leaves the queue is forgotten", async () => {
    const { agent, pool, clock } = fixture();
    await pool.acquire(agent, never);
    await pool.acquire(agent, never);
    const caller = new AbortController();
    const waiting = pool.acquire(agent, caller.signal);
    caller.abort(new Error("left"));
    await expect(waiting).rejects.toThrow("left");
    expect({ queued: agent.queue.length, timers: clock.pending() }).toEqual({ queued: 0, timers: 0 });
  });
});

describe("an agent that sleeps", () => {
  test("is woken, and all who came meanwhile get their turn", async () => {
    let wakes = 0;
    const { agent, pool } = fixture({ state: "idle", wake: () => void wakes++ });
    const waiting = [pool.acquire(agent, never), pool.acquire(agent, never), pool.acquire(agent, never)];
    expect(wakes).toBeGreaterThan(0);
    serve(agent);
    const [first, second] = await Promise.all(waiting.slice(0, 2));
    expect(agent.queue.length).toBe(1);
    first?.release();
    second?.release();
    await waiting[2];
  });

  test("its start is not counted as a wait for a turn", async () => {
    const { agent, pool, clock } = fixture({ state: "idle", queueTimeoutMs: 10, wake: begin });
    const waiting = pool.acquire(agent, never);
    await clock.advance(1_000);
    expect(agent.queue.length).toBe(1);
    serve(agent);
    const { instance } = await waiting;
    expect(agent.instance).toBe(instance);
  });
});

test("waits are counted by what was waited for; who is served at once has none", async () => {
  const running = fixture();
  const first = await running.pool.acquire(running.agent, never);
  await running.pool.acquire(running.agent, never);
  expect(await waitsIn(running.metrics)).toEqual({});
  const third = running.pool.acquire(running.agent, never);
  first.release();
  await third;
  expect(await waitsIn(running.metrics)).toEqual({ turn: 1 });

  const sleeping = fixture({ state: "idle" });
  const waiting = sleeping.pool.acquire(sleeping.agent, never);
  serve(sleeping.agent);
  await waiting;
  expect(await waitsIn(sleeping.metrics)).toEqual({ start: 1 });
});

async function waitsIn(metrics: Metrics): Promise<Record<string, number>> {
  const counts = (await metrics.text()).matchAll(
    /^oken_invoke_wait_seconds_count\{reason="(\w+)"\} (\d+)$/gm,
  );
  return Object.fromEntries([...counts].map(([, reason, count]) => [reason, Number(count)]));
}

describe("an agent that was stopped or failed", () => {
  test("stopped: refuses at once", () => {
    const { agent, pool } = fixture({ state: "stopped" });
    expect(() => pool.acquire(agent, never)).toThrow(expect.objectContaining({ code: "AGENT_NOT_RUNNING" }));
    expect(agent.queue.length).toBe(0);
  });

  test("failed: refuses at once until its next start is due, and is then woken", async () => {
    let wakes = 0;
    const { agent, pool, clock } = fixture({ state: "error", wake: () => void wakes++ });
    agent.backoff.startFailed();
    await clock.advance(300);
    expect(() => pool.acquire(agent, never)).toThrow(
      expect.objectContaining({
        code: "AGENT_NOT_RUNNING",
        status: 400,
        headers: { "Retry-After": "1" },
        details: { retry_after: 1, next_start_at: "2026-01-01T00:00:01.000Z" },
      }),
    );
    expect({ queued: agent.queue.length, wakes }).toEqual({ queued: 0, wakes: 0 });
    await clock.advance(700);
    void pool.acquire(agent, never);
    expect({ queued: agent.queue.length, wakes }).toEqual({ queued: 1, wakes: 1 });
  });
});
