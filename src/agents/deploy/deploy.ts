import { rm } from "node:fs/promises";

import type { VersionRecord } from "../../model/agent.ts";
import { traced } from "../../tracing/span.ts";
import { nextSecrets } from "../../upload/secrets.ts";
import type { Agent } from "../agent.ts";
import type { AgentParts } from "../parts.ts";
import type { Pool } from "../calls/pool.ts";
import { volumeWarnings } from "../volumes/volumes.ts";
import { droppedSecrets } from "./dropped-secrets.ts";
import { type Source, type SourceOptions, type SourceParts, readSource } from "./source.ts";
import { createStopwatch } from "./stopwatch.ts";
import type { DeployRequest, DeployResult, DeployRun } from "./types.ts";
import { type VersionParts, makeVersion } from "./version.ts";

export type DeployParts = VersionParts & SourceParts & Pick<AgentParts, "operations"> & { pool: Pool };

/**
 * From an archive to a version that serves. Until the new version is ready the old one serves every request; when
 * anything fails, nothing of the new version is left and the old one goes on.
 */
export async function deploy(
  parts: DeployParts,
  options: SourceOptions,
  request: DeployRequest,
): Promise<DeployResult> {
  const { agentId, archivePath } = request;
  const operation = { name: "deploy" as const, signal: request.signal };
  const span = request.span?.child("deploy", { attributes: { "oken.agent.id": agentId } });
  const work = async (signal: AbortSignal) => {
    const staging = await parts.store.createStaging();
    const stopwatch = createStopwatch(parts.clock);
    const emit = request.onEvent ?? (() => undefined);
    try {
      const secrets = await secretsOf(parts, request);
      const keepsSecrets = request.secrets.keepOthers;
      const given = { agentId, archivePath, secrets, keepsSecrets };
      return await run(parts, options, { ...given, staging, signal, emit, stopwatch, span });
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  };
  return traced(span, () => parts.operations.run(agentId, operation, work));
}

/** All that the new version is to have. */
async function secretsOf(
  { registry, secrets }: DeployParts,
  { agentId, secrets: sent }: DeployRequest,
): Promise<Record<string, string>> {
  const existing = sent.keepOthers ? registry.find(agentId) : undefined;
  const given = Object.keys(sent.values);
  const before =
    existing === undefined ? {} : await secrets.readSecrets(agentId, existing.currentVersion.version, given);
  return nextSecrets(before, sent);
}

async function run(parts: DeployParts, options: SourceOptions, deployRun: DeployRun): Promise<DeployResult> {
  const source = await readSource(parts, options, deployRun);
  await parts.reach("deploy.extracted");
  const existing = parts.registry.find(deployRun.agentId);
  const unchanged =
    existing === undefined ? undefined : await keepUnchanged(parts, existing, { source, run: deployRun });
  const version = unchanged ?? (await makeChanged(parts, existing, { run: deployRun, source }));
  deployRun.emit({ type: "phase", phase: "ready" });
  deployRun.span?.set({
    "oken.agent.version": version.version,
    "oken.deploy.unchanged": unchanged !== undefined,
  });
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

async function makeChanged(
  parts: DeployParts,
  before: Agent | undefined,
  { run: deployRun, source }: { run: DeployRun; source: Source },
): Promise<VersionRecord> {
  const dropped = deployRun.keepsSecrets ? [] : await droppedSecrets(parts, before, deployRun.secrets);
  const ofVolumes = volumeWarnings(before, source.manifest);
  for (const message of [...dropped, ...ofVolumes]) deployRun.emit({ type: "warning", message });
  const warnings = [...source.warnings, ...dropped, ...ofVolumes];
  return await makeVersion(parts, { run: deployRun, source: { ...source, warnings } });
}

/** The current version, awake, if it is what was uploaded; undefined if it is not, or if it was stopped or has failed. */
async function keepUnchanged(
  parts: DeployParts,
  agent: Agent,
  { source, run: { signal, span } }: { source: Source; run: DeployRun },
): Promise<VersionRecord | undefined> {
  const version = agent.currentVersion;
  const canServe = agent.state !== "stopped" && agent.state !== "error";
  if (version.spec_digest !== source.specDigest || !canServe) return undefined;
  // What was sent again takes the place of secrets that were lost or damaged.
  if (!(await hasSecrets(parts, agent.id, version))) return undefined;
  if (agent.instance === undefined) {
    const taken = await parts.pool.acquire(agent, signal, span);
    taken.release();
  }
  return version;
}

function hasSecrets(
  { secrets }: Pick<DeployParts, "secrets">,
  agentId: string,
  { version }: VersionRecord,
): Promise<boolean> {
  return secrets.requireThere(agentId, version).then(
    () => true,
    () => false,
  );
}
