import { rm } from "node:fs/promises";

import type { BuildEvent } from "../../docker/types.ts";
import type { VersionRecord } from "../../model/agent.ts";
import type { EntrypointType } from "../../model/manifest.ts";
import { type Agent, currentVersion } from "../agent.ts";
import type { AgentsContext } from "../context.ts";
import { type Prepared, type PrepareOptions, prepare } from "./prepare.ts";
import { type Stopwatch, createStopwatch } from "./stopwatch.ts";
import { makeVersion } from "./version.ts";

export type Phase = "received" | "extracted" | "detected" | "building" | "starting" | "ready";

export type DeployEvent = { type: "phase"; phase: Phase } | { type: "warning"; message: string } | BuildEvent;

export type DeployRequest = {
  agentId: string;
  archivePath: string;
  secrets: Record<string, string>;
  /** Cancels the deploy; the version that serves stays. */
  signal?: AbortSignal | undefined;
  onEvent?: (event: DeployEvent) => void;
};

export type DeployResult = {
  agent_id: string;
  status: "running";
  endpoint: string;
  version: number;
  entrypoint_type: EntrypointType;
  entrypoint_reason: string;
  dependency_style: string;
  unchanged: boolean;
  warnings: string[];
  /** Milliseconds of each part of the way. */
  timings_ms: Record<string, number>;
};

/** One deploy under way. */
export type DeployRun = {
  agentId: string;
  archivePath: string;
  secrets: Record<string, string>;
  /** A directory of its own on the agents' file system, removed when the deploy ends. */
  staging: string;
  signal: AbortSignal;
  emit: (event: DeployEvent) => void;
  stopwatch: Stopwatch;
};

/**
 * From an archive to a version that serves. Until the new version is ready the old one serves every request; when
 * anything fails, nothing of the new version is left and the old one goes on.
 */
export async function deploy(
  context: AgentsContext,
  options: PrepareOptions,
  request: DeployRequest,
): Promise<DeployResult> {
  const { agentId, archivePath, secrets } = request;
  const operation = { name: "deploy" as const, signal: request.signal };
  return context.operations.run(agentId, operation, async (signal) => {
    const staging = await context.store.createStaging();
    const stopwatch = createStopwatch(context.clock);
    const emit = request.onEvent ?? (() => undefined);
    try {
      return await run(context, options, { agentId, archivePath, secrets, staging, signal, emit, stopwatch });
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  });
}

async function run(
  context: AgentsContext,
  options: PrepareOptions,
  deployRun: DeployRun,
): Promise<DeployResult> {
  const prepared = await prepare(context, options, deployRun);
  const existing = context.registry.find(deployRun.agentId);
  const unchanged =
    existing === undefined
      ? undefined
      : await keepUnchanged(context, existing, { prepared, signal: deployRun.signal });
  const version = unchanged ?? (await makeVersion(context, { run: deployRun, prepared }));
  deployRun.emit({ type: "phase", phase: "ready" });
  return {
    agent_id: deployRun.agentId,
    status: "running",
    endpoint: `/invoke/${deployRun.agentId}`,
    version: version.version,
    entrypoint_type: version.entrypoint.type,
    entrypoint_reason: version.entrypoint.reason,
    dependency_style: version.dependency_style,
    unchanged: unchanged !== undefined,
    warnings: version.warnings,
    timings_ms: deployRun.stopwatch.timings(),
  };
}

/** The current version, awake, if it is what was uploaded and nothing keeps it from serving. */
async function keepUnchanged(
  context: AgentsContext,
  agent: Agent,
  { prepared, signal }: { prepared: Prepared; signal: AbortSignal },
): Promise<VersionRecord | undefined> {
  const version = currentVersion(agent);
  const canServe = agent.state !== "stopped" && agent.state !== "error";
  if (version.spec_digest !== prepared.specDigest || !canServe) return undefined;
  if (agent.instance === undefined) {
    const lease = await context.pool.acquire(agent, signal);
    lease.release();
  }
  return version;
}
