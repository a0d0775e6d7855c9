import { expect, test } from "bun:test";

import { createTurns } from "../../../src/agents/cpus/turns.ts";
import { runningAgent } from "../../helpers/agent-parts.ts";

const LOOK_MS = 300;
const NAME = "oken-echo-v3";

/** `echo`, which uses so much of the CPUs between two looks, on a host whose CPUs are wanted by others. */
async function fixture() {
  const runner = await runningAgent();
  const { parts, engine, clock } = runner;
  const container = engine.containers.get(NAME);
  if (container === undefined) throw new Error("echo has no container");
  const closing = new AbortController();
  let waited = 1;
  const pressure = async () => waited;
  const watching = createTurns(parts, { hostCpus: 2, pressure }).watch(closing.signal);
  return {
    ...runner,
    container,
    press: (part: number) => void (waited = part),
    async look({ cpuMs = 0, times = 1 } = {}) {
      for (let time = 0; time < times; time += 1) {
        container.cpuMs += cpuMs;
        await clock.advance(LOOK_MS);
      }
    },
    deferred: async () => /^oken_agents_deferred (\d)$/m.exec(await parts.metrics.text())?.[1],
    async close() {
      closing.abort();
      await watching;
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await watching;
    },
  };
}

test("an agent that computes without answering waits for others from the second look on, and is counted", async () => {
  await using runner = await fixture();
  await runner.look({ cpuMs: 300 });
  expect(runner.container.isDeferred).toBe(false);
  await runner.look({ cpuMs: 300 });
  expect(runner.container.isDeferred).toBe(true);
  expect(await runner.deferred()).toBe("1");
});

test("it waits until it has been calm for five seconds, since waiting looks like calm", async () => {
  await using runner = await fixture();
  await runner.look({ cpuMs: 300, times: 4 });
  await runner.look({ times: 10 });
  expect(runner.container.isDeferred).toBe(true);
  runner.press(0);
  await runner.look({ times: 16 });
  expect(runner.container.isDeferred).toBe(false);
  expect(await runner.deferred()).toBe("0");
});

test("an agent that answers calls for what it takes does not wait", async () => {
  await using runner = await fixture();
  for (let look = 0; look < 10; look += 1) {
    runner.agent.load.count({ now: runner.clock.now(), ms: 20, isError: false });
    await runner.look({ cpuMs: 20 });
  }
  expect(runner.container.isDeferred).toBe(false);
});

test("while nobody waits for a CPU, the engine is not asked", async () => {
  await using runner = await fixture();
  runner.press(0.05);
  await runner.look({ cpuMs: 300, times: 5 });
  expect(runner.engine.calls("cpuTimes")).toEqual([]);
  expect(runner.engine.calls("deferCpus")).toEqual([]);
});

test("a runner that ends leaves nobody waiting, and one that starts finds those whom a crash left so", async () => {
  await using runner = await fixture();
  runner.container.isDeferred = true;
  await runner.look();
  expect(runner.container.isDeferred).toBe(false);
  await runner.look({ cpuMs: 300, times: 2 });
  expect(runner.container.isDeferred).toBe(true);
  await runner.close();
  expect(runner.container.isDeferred).toBe(false);
});

test("an engine that is away is asked again", async () => {
  await using runner = await fixture();
  runner.engine.goAway();
  await runner.look({ cpuMs: 300, times: 2 });
  runner.engine.comeBack();
  await runner.look({ cpuMs: 300, times: 2 });
  expect(runner.container.isDeferred).toBe(true);
});
