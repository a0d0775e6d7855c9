import { type Agent, createAgent } from "../../src/agents/agent.ts";
import { type Instance } from "../../src/instance/instance.ts";
import type { AgentsContext } from "../../src/agents/context.ts";
import { createDeaths } from "../../src/instance/exits.ts";
import { createNames } from "../../src/instance/names.ts";
import { createOperations } from "../../src/agents/operations.ts";
import { createPool } from "../../src/agents/pool.ts";
import { createRegistry } from "../../src/agents/registry.ts";
import { createStore } from "../../src/agents/store.ts";
import { wake } from "../../src/agents/wake.ts";
import { systemClock } from "../../src/lib/clock.ts";
import type { Engine } from "../../src/docker/types.ts";
import { createLog } from "../../src/lib/log.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import type { AgentRecord, AgentState, VersionRecord } from "../../src/model/agent.ts";
import { instanceOf, versionRecord } from "./records.ts";

export type Fakes = {
  state?: AgentState;
  current?: number;
  /** What becomes of a start; by default it succeeds at once. */
  start?: (version: VersionRecord, signal: AbortSignal) => Promise<Instance>;
  /** Rejects to have the commit fail. */
  writeAgent?: (record: AgentRecord) => Promise<void>;
};

/**
 * The parts that operations work with, around an agent `echo` of versions 1 to 3: real, but for the disk, which takes
 * all, and the engine, which only remembers what was stopped.
 */
export function agentsContext(fakes: Fakes = {}) {
  const { state = "idle", current = 3 } = fakes;
  const versions = [1, 2, 3].map(versionRecord);
  const record: AgentRecord = {
    schema: 1,
    agent_id: "echo",
    created_at: "2026-01-01T00:00:00.000Z",
    desired: state === "stopped" ? "stopped" : "running",
    current_version: current,
    versions: [1, 2, 3],
  };
  const agent: Agent = createAgent({ record, versions, state });
  const stopped: string[] = [];
  const written: AgentRecord[] = [];
  const names = createNames("runner");
  const made = (version: VersionRecord): Instance => ({
    ...instanceOf(version),
    container: { id: "", name: names.container("echo", version.version), address: "" },
  });
  const start = (version: VersionRecord, signal: AbortSignal) =>
    fakes.start?.(version, signal) ?? Promise.resolve(made(version));
  const engine: Partial<Engine> = {
    stopContainer: (name) => Promise.resolve(void stopped.push(name)),
    removeContainer: () => Promise.resolve(),
    boostCpus: () => Promise.resolve(),
    inspectContainer: () => Promise.resolve(undefined),
    imageExists: () => Promise.resolve(true),
    usage: () => Promise.resolve(undefined),
  };
  const metrics = createMetrics();
  const registry = createRegistry();
  registry.add(agent);
  const context: AgentsContext = {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is not here is not to be called
    engine: engine as Engine,
    store: {
      ...createStore("/nowhere"),
      writeAgent: async (next) => {
        await fakes.writeAgent?.(next);
        written.push(next);
      },
    },
    registry,
    pool: createPool({
      clock: systemClock,
      metrics,
      maxQueue: 10,
      queueTimeoutMs: 60_000,
      wake: (it) => wake(context, it),
    }),
    deaths: createDeaths(systemClock),
    metrics,
    builder: {
      fingerprint: () => Promise.reject(new Error("nothing is built")),
      build: () => Promise.reject(new Error("nothing is built")),
      timeoutMs: 60_000,
      settled: () => Promise.resolve(),
    },
    instances: {
      start: (_, version, { signal }) => start(version, signal),
      wake: (_, version, signal) => start(version, signal),
      adopt: () => Promise.reject(new Error("nothing runs")),
      fingerprint: () => Promise.reject(new Error("nothing is deployed")),
    },
    operations: createOperations(),
    names,
    clock: systemClock,
    log: createLog({ level: "silent", format: "json" }),
  };
  if (state === "running") agent.instance = made(versionRecord(current));
  return { context, agent, stopped, written, made };
}

/** A start that does not end before it is told to. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
