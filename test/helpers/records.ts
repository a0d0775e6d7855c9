import type { DeployResult } from "../../src/agents/deploy/types.ts";
import { createFeed } from "../../src/agents/feed.ts";
import { ASLEEP, type Activity } from "../../src/agents/activity.ts";
import { Agent } from "../../src/agents/agent.ts";
import type { ContainerSpec, RunningContainer } from "../../src/docker/types.ts";
import { type Instance, createInstance } from "../../src/instance/instance.ts";
import type { Doubt } from "../../src/instance/silence.ts";
import { type Clock, systemClock } from "../../src/lib/clock.ts";
import { createLog } from "../../src/lib/log.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import type { AgentRecord, AgentState, VersionRecord } from "../../src/model/agent.ts";
import type { Holder } from "../../src/model/holder.ts";

/** A version of an agent that does nothing much. */
export function versionRecord(version: number): VersionRecord {
  return {
    schema: 1,
    version,
    created_at: "2026-01-01T00:00:00.000Z",
    spec_digest: `spec-${version}`,
    tree_digest: `tree-${version}`,
    image: `oken/echo:v${version}`,
    image_id: `sha256:${version}`,
    dependency_style: "none",
    warnings: [],
    manifest: {
      name: "Echo",
      pythonVersion: "3.12",
      entrypointFile: "main.py",
      entrypointAttr: undefined,
      entrypointType: undefined,
      warmTimeout: 300,
      concurrency: 2,
      timeout: 300,
      memory: 1,
      cpus: 1,
      port: 8080,
      healthPath: "/health",
    },
    entrypoint: {
      type: "handler",
      file: "main.py",
      module: "main",
      root: "",
      attr: "handler",
      factory: false,
      mode: "object",
      serve: "auto",
      command: undefined,
      env: {},
      listens: undefined,
      reason: "",
    },
  };
}

/** The agent `echo` as it is on disk. */
export function agentRecord(versions: number[], current: number): AgentRecord {
  return {
    schema: 1,
    agent_id: "echo",
    created_at: "2026-01-01T00:00:00.000Z",
    desired: "running",
    current_version: current,
    versions,
  };
}

/** The container of a version of `echo`, for the fake engine. */
export function specOf(version: number): ContainerSpec {
  return {
    name: `oken-echo-v${version}`,
    image: `oken/echo:v${version}`,
    identity: { agentId: "echo", version, spec: `spec-${version}` },
    userId: 10_001,
    env: {},
    mounts: [],
    ports: [],
    memory: 1,
    cpus: 1,
    concurrency: 10,
    boost: false,
  };
}

/** An instance that exists in this process alone; so many requests are inside. */
export function instanceOf(
  version = versionRecord(1),
  options: Partial<RunningContainer> & {
    origin?: string;
    inFlight?: number;
    replica?: number | undefined;
    clock?: Clock;
    restarts?: () => number | undefined;
    onSilent?: (doubt: Doubt) => void;
  } = {},
): Instance {
  const { origin = "", name = "", id = "", address = "", inFlight = 0, clock = systemClock } = options;
  const { node, nodeId } = options;
  const { restarts = () => 0, onSilent = () => undefined } = options;
  const instance = createInstance({
    isFresh: false,
    replica: options.replica,
    version,
    container: { id, name, address, ...(node !== undefined && { node, nodeId }) },
    origin,
    restarts: () => Promise.resolve(restarts()),
    onSilent,
    clock,
  });
  for (let inside = 0; inside < inFlight; inside += 1) instance.enter();
  return instance;
}

/** An agent that runs `instance`, or else sleeps, was stopped or has failed. */
export function agentIn(
  state: Exclude<AgentState, "starting">,
  {
    instance = instanceOf(),
    id = "echo",
    clock = systemClock,
  }: { instance?: Instance; id?: string; clock?: Clock } = {},
): Agent {
  const { version } = instance;
  const activities: Record<typeof state, Activity> = {
    idle: ASLEEP,
    running: { state: "running", instance },
    paused: { state: "paused", instance, pausing: Promise.resolve() },
    stopped: { state: "stopped" },
    error: { state: "error" },
  };
  return new Agent({
    record: { ...agentRecord([version.version], version.version), agent_id: id },
    versions: [version],
    activity: activities[state],
    clock,
    log: createLog({ level: "silent", format: "json" }),
    metrics: createMetrics(),
    feed: createFeed(systemClock),
  });
}

/** A process that runs agents. */
export function holderWith(changes: Partial<Holder>): Holder {
  return {
    nonce: "nonce",
    host: "here",
    boot: "boot",
    pid: 1,
    started: "100",
    pidNamespace: "pid:[1]",
    dataDir: "/data",
    lock: "10",
    ...changes,
  };
}

/** What a deploy of `echo` comes to. */
export const DEPLOY_RESULT: DeployResult = {
  agent_id: "echo",
  status: "running",
  endpoint: "/invoke/echo",
  version: 1,
  entrypoint_type: "handler",
  entrypoint_reason: "",
  dependency_style: "none",
  unchanged: false,
  warnings: [],
  timings_ms: {},
};
