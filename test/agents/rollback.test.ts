import { expect, test } from "bun:test";

import { rollback } from "../../src/agents/rollback.ts";
import { RunnerError } from "../../src/lib/errors.ts";
import { agentParts, untilAborted } from "../helpers/agent-parts.ts";

const never = new AbortController().signal;

test("the next older version serves, and the one before it drains and goes", async () => {
  const { parts, agent, stopped, written } = agentParts({ state: "running" });
  await rollback(parts, "echo");
  expect(agent.instance?.version.version).toBe(2);
  expect(written).toMatchObject([{ current_version: 2, versions: [1, 2, 3], desired: "running" }]);
  await agent.retirements.gone(3);
  expect(stopped).toEqual([parts.names.container("echo", 3)]);
  await rollback(parts, "echo");
  expect(agent.instance?.version.version).toBe(1);
});

test("when it cannot be written down the current version goes on, and the other is put down again", async () => {
  const full = new RunnerError("DISK_FULL", "full");
  const { parts, agent, stopped } = agentParts({
    state: "running",
    writeAgent: () => Promise.reject(full),
  });
  const serving = agent.instance;
  await expect(rollback(parts, "echo", { version: 1 })).rejects.toBe(full);
  expect({ instance: agent.instance, current: agent.record.current_version }).toEqual({
    instance: serving,
    current: 3,
  });
  expect(stopped).toEqual([parts.names.container("echo", 1)]);
});

test("a version that does not start leaves the state as it was", async () => {
  const failure = new RunnerError("AGENT_START_FAILED", "no");
  const { parts, agent } = agentParts({ state: "idle", start: () => Promise.reject(failure) });
  await expect(rollback(parts, "echo")).rejects.toBe(failure);
  expect({ state: agent.state, current: agent.record.current_version }).toEqual({
    state: "idle",
    current: 3,
  });
});

test("who waits for the current version to wake is served by the one that is rolled back to", async () => {
  const { parts, pool, agent, made } = agentParts({
    start: (version, signal) =>
      version.version === 3 ? untilAborted(signal) : Promise.resolve(made(version)),
  });
  const waiting = pool.acquire(agent, never);
  await rollback(parts, "echo");
  expect((await waiting).instance.version.version).toBe(2);
  await agent.retirements.gone(3);
  expect(agent.state).toBe("running");
});

test("a newer deploy ends it in the middle of its start, and the current version goes on", async () => {
  const starting = Promise.withResolvers<void>();
  const { parts, agent } = agentParts({
    state: "running",
    start: (_, signal) => {
      starting.resolve();
      return untilAborted(signal);
    },
  });
  const serving = agent.instance;
  const rolling = rollback(parts, "echo");
  await starting.promise;
  const deploying = parts.operations.run("echo", { name: "deploy" }, () => Promise.resolve("deployed"));
  await expect(rolling).rejects.toMatchObject({ code: "DEPLOY_CONFLICT" });
  expect(await deploying).toBe("deployed");
  expect({ instance: agent.instance, current: agent.record.current_version }).toEqual({
    instance: serving,
    current: 3,
  });
});

test.each([
  [7, 3, "Agent echo has no version 7; there are: 1, 2, 3."],
  [
    undefined,
    1,
    "Agent echo has no version older than 1, the current one: there is nothing to roll back to.",
  ],
])("to version %p from %p it is refused", async (wanted, current, message) => {
  const { parts } = agentParts({ state: "running", current });
  await expect(rollback(parts, "echo", { version: wanted })).rejects.toMatchObject({
    code: "NOT_FOUND",
    message,
  });
});

test("to the current version it starts that, if it does not run", async () => {
  const { parts, agent, written } = agentParts({ state: "stopped" });
  await rollback(parts, "echo", { version: 3 });
  expect({ state: agent.state, version: agent.instance?.version.version }).toEqual({
    state: "running",
    version: 3,
  });
  expect(written).toMatchObject([{ current_version: 3, desired: "running" }]);
});
