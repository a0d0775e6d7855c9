import { describe, expect, test } from "bun:test";

import { stop } from "../../src/agents/commands.ts";
import { rollback } from "../../src/agents/rollback.ts";
import { contestedVolumes } from "../../src/agents/volumes/volumes.ts";
import { RunnerError } from "../../src/lib/errors.ts";
import { type Fakes, agentParts, untilAborted } from "../helpers/agent-parts.ts";
import { eventually } from "../helpers/eventually.ts";

const never = new AbortController().signal;
const DATA = { volumes: [{ path: "/data", shared: false }] };
const SHARED = { volumes: [{ path: "/data", shared: true }] };

/** An agent with a volume, whose version 3 serves with one request inside, and the order of what is done. */
function writing(fakes: Fakes = {}) {
  const order: string[] = [];
  const fixture = agentParts({
    manifest: DATA,
    state: "running",
    ...fakes,
    start: async (version, signal, replica) => {
      order.push(`start ${version.version}`);
      return fakes.start?.(version, signal, replica) ?? fixture.made(version);
    },
  });
  const { parts } = fixture;
  parts.instances.stop = (instance) => {
    order.push(`stop ${instance.version.version}`);
    instance.end({ reason: "stopped" });
    return Promise.resolve();
  };
  return { ...fixture, order };
}

describe("of two versions with a volume that is not shared", () => {
  test("the new one starts after the old one has finished its requests and ended; others wait", async () => {
    const { parts, pool, agent, order, stopped } = writing();
    const inside = await pool.acquire(agent, never);
    const rolling = rollback(parts, "echo", { version: 2 });
    await eventually(() => expect(agent.state).toBe("starting"));
    const waiting = pool.acquire(agent, never);
    expect({ order, inside: agent.instances().map(({ inFlight }) => inFlight) }).toEqual({
      order: [],
      inside: [1],
    });
    inside.release();
    await rolling;
    expect(order).toEqual(["stop 3", "start 2"]);
    expect((await waiting).instance.version.version).toBe(2);
    await agent.retirements.gone(3);
    expect(stopped.at(-1)).toBe(parts.names.container("echo", 3));
  });

  test("the old one is started again when the new one does not start, and answers who waited", async () => {
    const failure = new RunnerError("AGENT_START_FAILED", "no");
    const { parts, pool, agent, order, made } = writing({
      start: (version) => (version.version === 2 ? Promise.reject(failure) : Promise.resolve(made(version))),
    });
    const inside = await pool.acquire(agent, never);
    const rolling = rollback(parts, "echo", { version: 2 });
    await eventually(() => expect(agent.state).toBe("starting"));
    const waiting = pool.acquire(agent, never);
    inside.release();
    await expect(rolling).rejects.toBe(failure);
    expect(order).toEqual(["stop 3", "start 2", "start 3"]);
    expect({ state: agent.state, version: (await waiting).instance.version.version }).toEqual({
      state: "running",
      version: 3,
    });
  });

  test("the old one comes back, and the new one goes, when it cannot be written down", async () => {
    const full = new RunnerError("DISK_FULL", "full");
    const { parts, agent, order, stopped } = writing({ writeAgent: () => Promise.reject(full) });
    await expect(rollback(parts, "echo", { version: 2 })).rejects.toBe(full);
    expect(order).toEqual(["stop 3", "start 2", "start 3"]);
    expect(stopped).toContain(parts.names.container("echo", 2));
    expect(agent.instance?.version.version).toBe(3);
  });

  test("the old one serves on as it is when something ends the wait for its requests", async () => {
    const { parts, pool, agent, order } = writing();
    const serving = agent.instance;
    const inside = await pool.acquire(agent, never);
    const rolling = rollback(parts, "echo", { version: 2 });
    await eventually(() => expect(agent.state).toBe("starting"));
    const waiting = pool.acquire(agent, never);
    const again = rollback(parts, "echo", { version: 3 });
    await expect(rolling).rejects.toMatchObject({ code: "DEPLOY_CONFLICT" });
    await again;
    expect({ order, instance: agent.instance }).toEqual({ order: [], instance: serving });
    expect((await waiting).instance === serving).toBe(true);
    inside.release();
  });

  test("a stop that comes in between holds", async () => {
    const { parts, agent, order } = writing({
      start: (version, signal) =>
        version.version === 2 ? untilAborted(signal) : Promise.resolve(writing().made(version)),
    });
    const rolling = rollback(parts, "echo", { version: 2 });
    await eventually(() => expect(order).toContain("start 2"));
    const stopping = stop(parts, "echo");
    await expect(rolling).rejects.toMatchObject({ code: "DEPLOY_CONFLICT" });
    await stopping;
    expect(agent.state).toBe("stopped");
  });

  test("the old one sleeps on when it slept, and the new one does not start", async () => {
    const failure = new RunnerError("AGENT_START_FAILED", "no");
    const { parts, agent, order } = writing({ state: "idle", start: () => Promise.reject(failure) });
    await expect(rollback(parts, "echo", { version: 2 })).rejects.toBe(failure);
    expect({ order, state: agent.state }).toEqual({ order: ["start 2"], state: "idle" });
  });

  test("a stopped agent stays stopped when the new one does not start, and who waited is told why", async () => {
    const failure = new RunnerError("AGENT_START_FAILED", "no");
    const { promise, reject } = Promise.withResolvers<never>();
    const { parts, pool, agent } = writing({ state: "stopped", start: () => promise });
    const rolling = rollback(parts, "echo", { version: 2 });
    await eventually(() => expect(agent.state).toBe("starting"));
    const refused = Promise.resolve(pool.acquire(agent, never)).catch((error: unknown) => error);
    reject(failure);
    await expect(rolling).rejects.toBe(failure);
    expect(await refused).toBe(failure);
    expect(agent.state).toBe("stopped");
  });

  test("a wake under way is over before the old one is ended", async () => {
    const ready = Promise.withResolvers<void>();
    const { parts, pool, agent, order, made } = writing({
      state: "idle",
      start: async (version) => {
        if (version.version === 3) await ready.promise;
        return made(version);
      },
    });
    const woken = Promise.resolve(pool.acquire(agent, never));
    await eventually(() => expect(order).toEqual(["start 3"]));
    const rolling = rollback(parts, "echo", { version: 2 });
    ready.resolve();
    const slot = await woken;
    expect(slot.instance.version.version).toBe(3);
    slot.release();
    await rolling;
    expect(order).toEqual(["start 3", "stop 3", "start 2"]);
  });
});

test("versions that share their volumes overlap", async () => {
  const { parts, agent, order } = writing({ manifest: SHARED });
  await rollback(parts, "echo", { version: 2 });
  await agent.retirements.gone(3);
  expect(order).toEqual(["start 2"]);
});

test("two versions contest the paths that both have and not both share", () => {
  const other = { volumes: [{ path: "/other", shared: false }] };
  expect(contestedVolumes(DATA, DATA)).toEqual(["/data"]);
  expect(contestedVolumes(DATA, SHARED)).toEqual(["/data"]);
  expect(contestedVolumes(SHARED, DATA)).toEqual(["/data"]);
  expect(contestedVolumes(SHARED, SHARED)).toEqual([]);
  expect(contestedVolumes(DATA, other)).toEqual([]);
  expect(contestedVolumes(DATA, {})).toEqual([]);
});
