import { expect, test } from "bun:test";

import { createSharedLook } from "../../../src/agents/ending/end-cause.ts";
import { ended, lose, whyEnded } from "../../../src/agents/ending/ended.ts";
import { runningAgent } from "../../helpers/agent-parts.ts";
import { instanceOf, versionRecord } from "../../helpers/records.ts";

const NAME = "oken-echo-v3";

/** An agent that runs, whose connection has just broken. */
async function broken() {
  const fixture = await runningAgent();
  const { parts, agent, instance, engine } = fixture;
  const lookForEnd = createSharedLook(engine);
  return { ...fixture, why: () => whyEnded({ ...parts, lookForEnd }, agent, instance) };
}

test("a broken connection is explained by the events that follow it", async () => {
  const { parts, agent, instance, why, clock, engine } = await broken();
  const explained = why();
  await clock.advance(50);
  ended(parts, agent, { instance, cause: { reason: "exited", exitCode: 3 } });
  expect(await explained).toMatchObject({
    message: "Agent echo exited with code 3 during the invoke.",
    details: { reason: "exited", exit_code: 3 },
  });
  expect(engine.calls("inspectContainer")).toEqual([]);
});

test("without events the engine is asked, and the agent sleeps", async () => {
  const { agent, why, clock, engine } = await broken();
  engine.exit(NAME, 137, { oomKilled: true });
  const explained = why();
  await clock.advance(200);
  await clock.advance(1_000);
  expect(await explained).toMatchObject({
    message: "Agent echo ran out of memory (1 bytes). Raise `memory` in oken.toml.",
    details: { reason: "oom" },
  });
  expect(agent.state).toBe("idle");
});

test("the engine is asked once for many who ask at the same time, and again for the next", async () => {
  const { engine, instance } = await broken();
  const look = createSharedLook(engine);
  expect(await Promise.all([look(instance), look(instance)])).toEqual([undefined, undefined]);
  expect(engine.calls("inspectContainer")).toHaveLength(1);
  await look(instance);
  expect(engine.calls("inspectContainer")).toHaveLength(2);
});

test("a container that is gone was stopped, one with another address has lost its network", async () => {
  const gone = await broken();
  await gone.engine.removeContainer(NAME);
  const explained = gone.why();
  await gone.clock.advance(200);
  await gone.clock.advance(1_000);
  expect((await explained)?.details).toEqual({ reason: "stopped" });

  const moved = await broken();
  moved.engine.disconnect(NAME);
  const other = moved.why();
  await moved.clock.advance(200);
  await moved.clock.advance(1_000);
  expect((await other)?.details).toEqual({ reason: "disconnected" });
});

test("a container that runs on, or an engine that is away, explains nothing", async () => {
  const { agent, why, clock, engine } = await broken();
  const first = why();
  await clock.advance(200);
  expect(await first).toBeUndefined();
  engine.goAway();
  const second = why();
  await clock.advance(200);
  expect(await second).toBeUndefined();
  expect(agent.state).toBe("running");
});

test("an instance whose address is another's is taken out of service, and its container stopped", async () => {
  const { parts, agent, instance, engine, clock, why } = await broken();
  lose(parts, agent, instance);
  await clock.advance(0);
  expect(agent.state).toBe("idle");
  expect(engine.containers.get(NAME)?.running).toBe(false);
  expect((await why())?.message).toBe("Agent echo lost its network during the invoke.");
});

test("an instance that has been replaced leaves its agent as it is", async () => {
  const { parts, agent, instance, clock } = await broken();
  const next = instanceOf(versionRecord(2), { clock });
  agent.move({ state: "running", instance: next }, { reason: "a deploy" });
  ended(parts, agent, { instance, cause: { reason: "oom" } });
  expect(agent.instance).toBe(next);
  expect(instance.ended).toEqual({ reason: "oom" });
});
