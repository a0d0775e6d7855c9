import { expect, test } from "bun:test";

import { createPool } from "../../../src/agents/calls/pool.ts";
import { RunnerError } from "../../../src/lib/errors.ts";
import { createMetrics } from "../../../src/metrics/metrics.ts";
import { type SlotContext, withSlot } from "../../../src/server/calls/slot.ts";
import { createFakeClock } from "../../helpers/fake-clock.ts";
import { agentIn, instanceOf } from "../../helpers/records.ts";

/** An agent with two slots, and invokes whose answer takes as long as they say. */
function fixture(state: "running" | "idle") {
  const clock = createFakeClock();
  const instance = instanceOf(undefined, { clock });
  const agent = agentIn(state, { instance });
  const metrics = createMetrics();
  const pool = createPool({ clock, metrics, maxQueue: 10, queueTimeoutMs: 60_000, wake: () => undefined });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all that a slot asks for
  const context = {
    clock,
    metrics,
    pool,
    settings: { queueTimeout: 30 },
    agents: { whyEnded: async () => undefined },
  } as unknown as SlotContext;
  const invoke = (ms: number, answer: () => Response = () => new Response()) => {
    const request = new Request("http://localhost/invoke/echo");
    return withSlot(context, { agent, request, path: "/invoke" }, async ({ release }) => {
      await clock.sleep(ms);
      release();
      return answer();
    });
  };
  const start = () => {
    agent.move(
      { state: "starting", start: { done: Promise.resolve(), end: () => undefined } },
      { reason: "an invoke woke it" },
    );
    agent.move({ state: "running", instance }, { reason: "ready" });
  };
  return { clock, invoke, start };
}

const timingOf = async (response: Promise<Response>) => (await response).headers.get("server-timing");

test("a warm invoke ran, and did not wait", async () => {
  const { clock, invoke } = fixture("running");
  const answer = invoke(12.34);
  await clock.advance(13);
  expect(await timingOf(answer)).toBe("queue;dur=0, start;dur=0, run;dur=12.3");
});

test("one that waits its turn says how long", async () => {
  const { clock, invoke } = fixture("running");
  const answers = [invoke(100), invoke(100), invoke(10)];
  await clock.advance(100);
  await clock.advance(10);
  expect(await timingOf(answers[2] ?? Promise.reject(new Error("none")))).toBe(
    "queue;dur=100, start;dur=0, run;dur=10",
  );
});

test("one that wakes its agent says how long that took, and one of too many for it waits after that", async () => {
  const { clock, invoke, start } = fixture("idle");
  const answers = [invoke(10), invoke(10), invoke(10)];
  await clock.advance(250);
  start();
  await clock.advance(10);
  await clock.advance(10);
  expect(await Promise.all(answers.map(timingOf))).toEqual([
    "queue;dur=0, start;dur=250, run;dur=10",
    "queue;dur=0, start;dur=250, run;dur=10",
    "queue;dur=10, start;dur=250, run;dur=10",
  ]);
});

test("a failure of the agent says it too", async () => {
  const { clock, invoke } = fixture("running");
  const failure = invoke(5, () => {
    throw new RunnerError("INVOKE_FAILED", "KeyError: 'name'");
  }).catch((error: unknown) => error);
  await clock.advance(5);
  expect(await failure).toMatchObject({
    headers: { "server-timing": "queue;dur=0, start;dur=0, run;dur=5" },
  });
});

test("what the agent's own server says of its time is kept, before it", async () => {
  const { clock, invoke } = fixture("running");
  const answer = invoke(5, () => new Response(null, { headers: { "Server-Timing": "db;dur=3" } }));
  await clock.advance(5);
  expect(await timingOf(answer)).toBe("db;dur=3, queue;dur=0, start;dur=0, run;dur=5");
});
