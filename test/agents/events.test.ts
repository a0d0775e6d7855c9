import { expect, test } from "bun:test";

import { watchExits } from "../../src/agents/events.ts";
import { agentParts } from "../helpers/agent-parts.ts";
import { instanceOf, versionRecord } from "../helpers/records.ts";

const never = new AbortController().signal;

/** A runner that watches the engine's events, in front of the running container of version 3 of `echo`. */
async function watching() {
  const fixture = agentParts({ state: "stopped" });
  const { parts, engine, agent, clock } = fixture;
  engine.images.set("oken/echo:v3", {});
  const { id, name } = await engine.startContainer({
    name: "oken-echo-v3",
    image: "oken/echo:v3",
    identity: { agentId: "echo", version: 3, spec: "spec-3" },
    env: {},
    mounts: [],
    memory: 1,
    cpus: 1,
    boost: false,
  });
  agent.move(
    { state: "running", instance: instanceOf(versionRecord(3), { id, name, clock }) },
    { reason: "a test" },
  );
  const closing = new AbortController();
  const ended = watchExits(parts, closing.signal);
  await clock.advance(0);
  return {
    ...fixture,
    id,
    async [Symbol.asyncDispose]() {
      closing.abort();
      await clock.advance(60_000);
      await ended;
    },
  };
}

test("an agent whose container exits sleeps at once, and says why", async () => {
  await using runner = await watching();
  const { agent, engine, parts, clock } = runner;
  engine.exit("oken-echo-v3", 137);
  await clock.advance(0);
  expect(agent.state).toBe("idle");
  expect(agent.lastError).toMatchObject({
    code: "INVOKE_FAILED",
    message: "Its container exited with code 137.",
  });
  expect(await parts.metrics.text()).toContain("oken_agent_deaths_total 1\n");
});

test("the invokes that wait wake it", async () => {
  await using runner = await watching();
  const { agent, engine, pool, clock } = runner;
  const inside = [await pool.acquire(agent, never), await pool.acquire(agent, never)];
  const waiting = pool.acquire(agent, never);
  engine.exit("oken-echo-v3", 1);
  await clock.advance(0);
  const lease = await waiting;
  expect(inside.map(({ instance }) => instance)).not.toContain(lease.instance);
  expect(agent.state).toBe("running");
});

test("an exit of another container changes nothing, but a start that asks learns of it", async () => {
  await using runner = await watching();
  const { agent, engine, parts, clock } = runner;
  engine.images.set("oken/echo:v2", {});
  const other = await engine.startContainer({
    name: "oken-echo-v2",
    image: "oken/echo:v2",
    identity: { agentId: "echo", version: 2, spec: "spec-2" },
    env: {},
    mounts: [],
    memory: 1,
    cpus: 1,
    boost: false,
  });
  engine.exit("oken-echo-v2", 1);
  await clock.advance(0);
  expect(agent.state).toBe("running");
  expect(parts.exits.lastAt(other.id)).toBe(clock.monotonic());
});

test("after the engine was away, whoever exited meanwhile is found", async () => {
  await using runner = await watching();
  const { agent, engine, clock } = runner;
  engine.goAway();
  await clock.advance(0);
  engine.exit("oken-echo-v3", 0);
  await clock.advance(1_000);
  expect(agent.state).toBe("running");
  engine.comeBack();
  await clock.advance(2_000);
  expect(agent.state).toBe("idle");
});

test("after the engine was away, a container that runs though its agent sleeps is adopted", async () => {
  await using runner = await watching();
  const { agent, engine, clock } = runner;
  engine.exit("oken-echo-v3", 0);
  await clock.advance(0);
  engine.goAway();
  engine.comeBack();
  await engine.restartContainer("oken-echo-v3");
  await clock.advance(2_000);
  expect(agent.state).toBe("running");
});
