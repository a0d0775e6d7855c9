import { ASLEEP, type Activity } from "../../src/agents/activity.ts";
import { Agent, type Instance } from "../../src/agents/agent.ts";
import { createFeed } from "../../src/agents/feed.ts";
import { createFirstLook } from "../../src/agents/recovery/first-look.ts";
import { createInheritedUses } from "../../src/agents/calls/inherited-uses.ts";
import { createOperations } from "../../src/agents/operations.ts";
import type { AgentParts } from "../../src/agents/parts.ts";
import { createPool } from "../../src/agents/calls/pool.ts";
import { createRegistry } from "../../src/agents/registry.ts";
import { createSecretFiles } from "../../src/agents/secrets/files.ts";
import { createStore } from "../../src/agents/store.ts";
import { createUserIds } from "../../src/agents/user-ids.ts";
import { wake } from "../../src/agents/sleep/wake.ts";
import { createExits } from "../../src/instance/exits.ts";
import { createNames } from "../../src/instance/names.ts";
import { reachNothing } from "../../src/lib/fail-points.ts";
import { createLog } from "../../src/lib/log.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import type { Abilities, RunningContainer } from "../../src/docker/types.ts";
import type { AgentRecord, AgentState, VersionRecord } from "../../src/model/agent.ts";
import type { Manifest } from "../../src/model/manifest.ts";
import { createFakeClock } from "./fake-clock.ts";
import { createFakeEngine } from "./fake-engine.ts";
import { createFakeHistory } from "./fake-history.ts";
import { agentRecord, instanceOf, specOf, versionRecord } from "./records.ts";

export type Fakes = {
  state?: Exclude<AgentState, "starting">;
  current?: number;
  /** Of every version, beside what is usual. */
  manifest?: Partial<Manifest>;
  /** What the engine can do; by default all. */
  can?: Partial<Abilities>;
  /** Host names, where there are several. */
  nodes?: string[];
  /** What becomes of a start; by default it succeeds at once. */
  start?: (version: VersionRecord, signal: AbortSignal, replica: number) => Promise<Instance>;
  /** Rejects to have the commit fail. */
  writeAgent?: (record: AgentRecord) => Promise<void>;
};

/**
 * The parts that operations work with, around an agent `echo` of versions 1 to 3: real, but for the clock, the engine,
 * the disk, which takes all, and the starts, which are `start`'s.
 */
export function agentParts(fakes: Fakes = {}) {
  const { state = "idle", current = 3 } = fakes;
  const clock = createFakeClock();
  const engine = createFakeEngine({
    can: fakes.can ?? {},
    ...(fakes.nodes !== undefined && { nodes: fakes.nodes }),
  });
  const log = createLog({ level: "silent", format: "json" });
  const metrics = createMetrics();
  const feed = createFeed(clock);
  const names = createNames("runner", "a key");
  const made = (version: VersionRecord, container: Partial<RunningContainer> = {}, replica = 1): Instance => {
    const name = names.container("echo", version.version, replica);
    return instanceOf(version, { name, id: name, ...container, replica, clock });
  };
  const start = (version: VersionRecord, signal: AbortSignal, replica = 1) =>
    fakes.start?.(version, signal, replica) ?? Promise.resolve(made(version, {}, replica));
  const stopped: string[] = [];
  const written: AgentRecord[] = [];

  const activities: Record<typeof state, () => Activity> = {
    idle: () => ASLEEP,
    paused: () => ({
      state: "paused",
      instance: made(versions[current - 1] ?? versionRecord(current)),
      pausing: Promise.resolve(),
    }),
    running: () => ({ state: "running", instance: made(versions[current - 1] ?? versionRecord(current)) }),
    stopped: () => ({ state: "stopped" }),
    error: () => ({ state: "error" }),
  };
  const record = {
    ...agentRecord([1, 2, 3], current),
    desired: state === "stopped" ? ("stopped" as const) : ("running" as const),
  };
  const versions = [1, 2, 3].map(versionRecord);
  for (const { manifest } of versions) Object.assign(manifest, fakes.manifest);
  const agent = new Agent({ record, versions, activity: activities[state](), clock, log, metrics, feed });
  const registry = createRegistry();
  registry.add(agent);

  const parts: AgentParts = {
    engine,
    registry,
    store: {
      ...createStore("/nowhere"),
      writeAgent: async (next) => {
        await fakes.writeAgent?.(next);
        written.push(next);
      },
    },
    history: createFakeHistory(),
    secrets: createSecretFiles({ versionDir: () => "/nowhere", keys: [], mountDir: "" }),
    builder: {
      build: () => Promise.reject(new Error("nothing is built")),
      compile: () => Promise.resolve(undefined),
      fingerprint: () => Promise.resolve("fingerprint"),
      timeoutMs: 60_000,
      builds: () => ({ running: 0, waiting: 0 }),
      settled: () => Promise.resolve(),
    },
    instances: {
      start: (_, version, { signal, replica }) => start(version, signal, replica),
      restart: (_, version, signal) => start(version, signal),
      adopt: (_, version, { id, name, address, identity }) =>
        fakes.start?.(version, new AbortController().signal, identity?.replica ?? 1) ??
        Promise.resolve(made(version, { id, name, address }, identity?.replica)),
      adoptPaused: (_, version, { id, name, address, identity }) =>
        made(version, { id, name, address }, identity?.replica),
      resume: (_, { container }) => engine.unpauseContainer(container.id),
      fingerprint: () => Promise.resolve("container"),
      stop: (instance) => Promise.resolve(void stopped.push(instance.container.name)),
      lastLines: () => Promise.resolve(""),
      remove: (_, container) => Promise.resolve(void stopped.push(container)),
    },
    operations: createOperations(),
    exits: createExits(clock),
    names,
    userIds: createUserIds({ engine, registry, runnerId: "runner", range: undefined }),
    keepVersions: 5,
    clock,
    log,
    metrics,
    feed,
    firstLook: createFirstLook(),
    inherited: createInheritedUses(),
    reach: reachNothing,
  };
  const pool = createPool({
    clock,
    metrics,
    maxQueue: 10,
    queueTimeoutMs: 60_000,
    wake: (it, parent) => wake(parts, it, { parent }),
  });
  return { parts, pool, agent, engine, clock, stopped, written, made };
}

/** The same, with version 3 running in a container of the fake engine. */
export async function runningAgent(fakes: Omit<Fakes, "state"> = {}) {
  const fixture = agentParts({ ...fakes, state: "stopped" });
  const { engine, agent, clock } = fixture;
  engine.images.set("oken/echo:v3", {});
  const container = await engine.startContainer(specOf(3));
  const instance = instanceOf(agent.currentVersion, { ...container, clock });
  agent.move({ state: "running", instance }, { reason: "a test" });
  return { ...fixture, instance };
}

/** A start that does not end before it is told to. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
