import { describe, expect, test } from "bun:test";

import { start, stop } from "../../../src/agents/commands.ts";
import { RunnerError } from "../../../src/lib/errors.ts";
import { agentParts, untilAborted } from "../../helpers/agent-parts.ts";
import { eventually } from "../../helpers/eventually.ts";
import { recordedTracing, treeOf } from "../../helpers/tracing.ts";

const never = new AbortController().signal;

describe("an agent that an invoke wakes", () => {
  test("serves all who came meanwhile after one start", async () => {
    let starts = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    const { pool, agent, made } = agentParts({
      start: async (version) => {
        starts += 1;
        await promise;
        return made(version);
      },
    });
    const waiting = [pool.acquire(agent, never), pool.acquire(agent, never)];
    resolve();
    const slots = await Promise.all(waiting);
    expect(slots.map(({ instance }) => instance.version.version)).toEqual([3, 3]);
    expect({ starts, state: agent.state }).toEqual({ starts: 1, state: "running" });
  });

  test.each([
    ["AGENT_START_FAILED", "error", true],
    ["BUILD_FAILED", "idle", true],
    ["BUILD_TIMEOUT", "idle", true],
    ["ENGINE_UNAVAILABLE", "idle", false],
  ] as const)("and fails with %s is %s, and all are told", async (code, state, isKept) => {
    const failure = new RunnerError(code, "no");
    const { pool, agent } = agentParts({ start: () => Promise.reject(failure) });
    const waiting = [pool.acquire(agent, never), pool.acquire(agent, never)];
    const told = { status: "rejected", reason: failure };
    expect(await Promise.allSettled(waiting)).toMatchObject([told, told]);
    expect(agent.state).toBe(state);
    expect(agent.lastError?.code).toBe(isKept ? code : undefined);
  });

  test("is stopped by a stop, which waits until the start has ended", async () => {
    const { parts, pool, agent } = agentParts({ start: (_, signal) => untilAborted(signal) });
    const waiting = Promise.allSettled([pool.acquire(agent, never)]);
    await stop(parts, "echo");
    expect(await waiting).toMatchObject([{ status: "rejected", reason: { code: "AGENT_NOT_RUNNING" } }]);
    expect({ state: agent.state, instance: agent.instance }).toEqual({
      state: "stopped",
      instance: undefined,
    });
  });
});

describe("an agent that is started by request", () => {
  test("is shared by the invokes that come meanwhile", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { parts, pool, agent, made, written } = agentParts({
      state: "stopped",
      start: async (version) => {
        await promise;
        return made(version);
      },
    });
    const starting = start(parts, "echo");
    await eventually(() => expect(agent.state).toBe("starting"));
    const slot = pool.acquire(agent, never);
    resolve();
    await starting;
    const { instance } = await slot;
    expect(agent.instance).toBe(instance);
    expect(written).toMatchObject([{ desired: "running" }]);
  });

  test("does not serve when that cannot be written down", async () => {
    const full = new RunnerError("DISK_FULL", "full");
    const { parts, agent, stopped } = agentParts({
      state: "stopped",
      writeAgent: () => Promise.reject(full),
    });
    await expect(start(parts, "echo")).rejects.toBe(full);
    expect({ instance: agent.instance, state: agent.state }).toEqual({ instance: undefined, state: "error" });
    expect(stopped).toEqual([parts.names.container("echo", 3)]);
  });

  test("and stopped meanwhile is stopped as it was", async () => {
    const { parts, agent } = agentParts({
      state: "stopped",
      start: (_, signal) => untilAborted(signal),
    });
    const starting = Promise.allSettled([start(parts, "echo")]);
    await eventually(() => expect(agent.state).toBe("starting"));
    await stop(parts, "echo");
    expect(await starting).toMatchObject([{ status: "rejected", reason: { code: "DEPLOY_CONFLICT" } }]);
    expect(agent.state).toBe("stopped");
  });
});

test("a wake is a span of the invoke that came first; each that waits has one of its own", async () => {
  const { tracer, spans } = recordedTracing();
  const { pool, agent } = agentParts();
  const callers = ["first", "second"].map((name) => tracer.receive(new Headers(), name, {}));
  const waiting = callers.map((caller) => pool.acquire(agent, never, caller));
  await Promise.all(waiting);
  for (const caller of callers) caller.end();
  const found = await spans();
  expect(treeOf(found, undefined)).toEqual([{ first: ["queue", "wake"] }, { second: ["queue"] }]);
  expect(found.map(({ name, attributes }) => ({ name, attributes }))).toEqual([
    { name: "queue", attributes: { "oken.wait.reason": "start" } },
    { name: "queue", attributes: { "oken.wait.reason": "start" } },
    { name: "wake", attributes: { "oken.agent.id": "echo", "oken.start.tier": "restart" } },
    { name: "first", attributes: {} },
    { name: "second", attributes: {} },
  ]);
});

test("a wake that fails is an error in its span, and in those of all who wait", async () => {
  const { tracer, spans } = recordedTracing();
  const failure = new RunnerError("AGENT_START_FAILED", "it exited");
  const { pool, agent } = agentParts({ start: () => Promise.reject(failure) });
  const caller = tracer.receive(new Headers(), "POST /invoke/{id}", {});
  await expect(pool.acquire(agent, never, caller)).rejects.toBe(failure);
  const failed = {
    status: "ERROR",
    message: "it exited",
    attributes: { "error.type": "AGENT_START_FAILED" },
  };
  expect(await spans()).toMatchObject([
    { name: "queue", ...failed },
    { name: "wake", ...failed },
  ]);
});
