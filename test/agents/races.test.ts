import { expect, test } from "bun:test";

import { createIdleSweep } from "../../src/agents/sleep/idle.ts";
import type { Instance } from "../../src/agents/agent.ts";
import { runningAgent } from "../helpers/agent-parts.ts";

const never = new AbortController().signal;
const ROUNDS = 10_000;

/** Numbers from 0 to 1 that the seed alone decides: mulberry32. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test("no request fails or meets a frozen agent while the sweep pauses and stops it ten thousand times", async () => {
  const seed = Number(process.env["OKEN_TEST_SEED"] ?? Date.now() % 2 ** 31);
  const random = createRandom(seed);
  const runner = await runningAgent({ manifest: { pauseAfter: 1, warmTimeout: 2, concurrency: 3 } });
  const { agent, engine, pool, clock, parts } = runner;
  const container = () => engine.containers.get("oken-echo-v3");
  // The engine takes some turns of the event loop for each command.
  const turns = async () => {
    for (let left = Math.floor(random() * 4); left > 0; left -= 1) await Promise.resolve();
  };
  const slow =
    <A extends unknown[], R>(work: (...args: A) => Promise<R>) =>
    async (...args: A) => {
      await turns();
      const result = await work(...args);
      await turns();
      return result;
    };
  const restarted = async (): Promise<Instance> => {
    const container = await engine.restartContainer({
      ...(engine.containers.get("oken-echo-v3")?.spec ?? fail()),
    });
    return runner.made(agent.currentVersion, container ?? fail());
  };
  Object.assign(parts.instances, {
    restart: slow(restarted),
    resume: slow((_: string, instance: Instance) => engine.unpauseContainer(instance.container.id)),
    stop: slow(async (instance: Instance) => {
      await engine.stopContainer(instance.container.name, 10);
      instance.end({ reason: "stopped" });
    }),
  });
  const pauseContainer = slow((id: string) => engine.pauseContainer(id));
  const sweep = createIdleSweep({ ...parts, engine: { ...engine, pauseContainer } });
  const seen = { paused: 0, idle: 0 };

  const invoke = async () => {
    await turns();
    const slot = await pool.acquire(agent, never);
    expectServing(slot.instance);
    await turns();
    expectServing(slot.instance);
    slot.release();
  };
  const expectServing = (instance: Instance) => {
    const { running, paused } = container() ?? fail();
    if (!running || paused || instance.ended !== undefined)
      throw new Error(`seed ${seed}: a request is inside, and ${JSON.stringify({ running, paused })}`);
  };

  for (let round = 0; round < ROUNDS; round += 1) {
    const calls = Array.from({ length: Math.floor(random() * 5) }, invoke);
    await turns();
    await clock.advance(random() < 0.5 ? 1_000 : 2_000);
    sweep();
    if (agent.state === "paused" || agent.state === "idle") seen[agent.state] += 1;
    calls.push(...Array.from({ length: Math.floor(random() * 3) }, invoke));
    await turns();
    sweep();
    await Promise.all(calls);
  }
  console.log(`seed ${seed}: paused ${seen.paused} times, stopped ${seen.idle} times`);
  expect(Math.min(seen.paused, seen.idle)).toBeGreaterThan(ROUNDS / 20);
});

function fail(): never {
  throw new Error("there is no container");
}
