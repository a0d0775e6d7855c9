import { describe, expect, test } from "bun:test";

import { start, stop } from "../../src/agents/commands.ts";
import { RunnerError } from "../../src/lib/errors.ts";
import { agentsContext, untilAborted } from "../helpers/agents-context.ts";
import { eventually } from "../helpers/eventually.ts";

const never = new AbortController().signal;

describe("an agent that an invoke wakes", () => {
  test("serves all who came meanwhile after one start", async () => {
    let starts = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    const { context, agent, made } = agentsContext({
      start: async (version) => {
        starts += 1;
        await promise;
        return made(version);
      },
    });
    const waiting = [context.pool.acquire(agent, never), context.pool.acquire(agent, never)];
    resolve();
    const leases = await Promise.all(waiting);
    expect(leases.map(({ instance }) => instance.version.version)).toEqual([3, 3]);
    expect({ starts, state: agent.state }).toEqual({ starts: 1, state: "running" });
  });

  test.each([
    ["AGENT_START_FAILED", "error", true],
    ["BUILD_FAILED", "idle", true],
    ["BUILD_TIMEOUT", "idle", true],
    ["ENGINE_UNAVAILABLE", "idle", false],
  ] as const)("and fails with %s is %s, and all are told", async (code, state, isKept) => {
    const failure = new RunnerError(code, "no");
    const { context, agent } = agentsContext({ start: () => Promise.reject(failure) });
    const waiting = [context.pool.acquire(agent, never), context.pool.acquire(agent, never)];
    const told = { status: "rejected", reason: failure };
    expect(await Promise.allSettled(waiting)).toMatchObject([told, told]);
    expect(agent.state).toBe(state);
    expect(agent.lastError?.code).toBe(isKept ? code : undefined);
  });

  test("is stopped by a stop, which waits until the start has ended", async () => {
    const { context, agent } = agentsContext({ start: (_, signal) => untilAborted(signal) });
    const waiting = Promise.allSettled([context.pool.acquire(agent, never)]);
    await stop(context, "echo");
    expect(await waiting).toMatchObject([{ status: "rejected", reason: { code: "AGENT_NOT_RUNNING" } }]);
    expect({ state: agent.state, waking: agent.waking, instance: agent.instance }).toEqual({
      state: "stopped",
      waking: undefined,
      instance: undefined,
    });
  });
});

describe("an agent that is started by request", () => {
  test("is shared by the invokes that come meanwhile", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { context, agent, made, written } = agentsContext({
      state: "stopped",
      start: async (version) => {
        await promise;
        return made(version);
      },
    });
    const starting = start(context, "echo");
    await eventually(() => expect(agent.state).toBe("starting"));
    const lease = context.pool.acquire(agent, never);
    resolve();
    await starting;
    const { instance } = await lease;
    expect(agent.instance).toBe(instance);
    expect(written).toMatchObject([{ desired: "running" }]);
  });

  test("does not serve when that cannot be written down", async () => {
    const full = new RunnerError("DISK_FULL", "full");
    const { context, agent, stopped } = agentsContext({
      state: "stopped",
      writeAgent: () => Promise.reject(full),
    });
    await expect(start(context, "echo")).rejects.toBe(full);
    expect({ instance: agent.instance, state: agent.state }).toEqual({ instance: undefined, state: "error" });
    expect(stopped).toEqual([context.names.container("echo", 3)]);
  });

  test("and stopped meanwhile is stopped as it was", async () => {
    const { context, agent } = agentsContext({
      state: "stopped",
      start: (_, signal) => untilAborted(signal),
    });
    const starting = Promise.allSettled([start(context, "echo")]);
    await eventually(() => expect(agent.state).toBe("starting"));
    await stop(context, "echo");
    expect(await starting).toMatchObject([{ status: "rejected", reason: { code: "DEPLOY_CONFLICT" } }]);
    expect(agent.state).toBe("stopped");
  });
});
