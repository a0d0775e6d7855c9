import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";

import type { BuildEvent, Identity } from "../docker/types.ts";
import type { AgentRecord, VersionRecord } from "../model/agent.ts";
import type { Entrypoint } from "../model/entrypoint.ts";
import type { Manifest } from "../model/manifest.ts";
import { createAgent } from "./agent.ts";
import type { AgentsContext } from "./context.ts";
import type { DeployRun } from "./deploy.ts";
import type { Prepared } from "./prepare.ts";
import { retire } from "./retire.ts";
import { moveTo } from "./state.ts";

/** Versions kept for a rollback, the current one among them. */
const KEPT_VERSIONS = 5;

export type ImageRequest = {
  identity: Identity;
  tag: string;
  /** The agent's source. Its base name is unique to its content. */
  tree: string;
  /** A directory for what the build itself writes. */
  buildDir: string;
  manifest: Manifest;
  entrypoint: Entrypoint;
  signal: AbortSignal;
  onEvent: (event: BuildEvent) => void;
};

export type BuiltVersion = { imageId: string; dependencyStyle: string; warnings: string[] };

export type BuildImage = (request: ImageRequest) => Promise<BuiltVersion>;

/** Builds, starts and commits a new version. When it fails, nothing of it is left, neither on disk nor in the engine. */
export async function makeVersion(
  context: AgentsContext,
  buildImage: BuildImage,
  { run, prepared }: { run: DeployRun; prepared: Prepared },
): Promise<VersionRecord> {
  const { store, names } = context;
  const number = await nextVersion(context, run.agentId);
  const directory = store.versionDir(run.agentId, number);
  const buildDir = join(directory, "build");
  const tree = join(directory, `tree-${prepared.treeDigest}`);
  try {
    await mkdir(buildDir, { recursive: true, mode: 0o700 });
    await rename(prepared.tree, tree);
    await store.writeSecrets(run.agentId, number, run.secrets);

    run.emit({ type: "phase", phase: "building" });
    const image = await buildImage({
      identity: { agentId: run.agentId, version: number, spec: prepared.specDigest },
      tag: names.image(run.agentId, number),
      tree,
      buildDir,
      manifest: prepared.manifest,
      entrypoint: prepared.entrypoint,
      signal: run.signal,
      onEvent: run.emit,
    });
    for (const message of image.warnings) run.emit({ type: "warning", message });
    run.stopwatch.lap("build");

    const record = toRecord(context, { number, agentId: run.agentId, prepared, image });
    await store.writeVersion(run.agentId, record);
    run.emit({ type: "phase", phase: "starting" });
    await serve(context, run, record);
    run.stopwatch.lap("start");
    return record;
  } catch (error) {
    await discard(context, run.agentId, number);
    throw error;
  }
}

/** Starts the new version, commits it to disk, flips the route, and lets the old instance drain behind. */
async function serve(context: AgentsContext, run: DeployRun, version: VersionRecord): Promise<void> {
  const { instances, registry, store, pool, log, metrics, clock } = context;
  const instance = await instances.start(run.agentId, version, run.signal);
  const known = registry.find(run.agentId);
  const versions = [...(known?.versions ?? []), version];
  const kept = versions.slice(-KEPT_VERSIONS);
  const record: AgentRecord = {
    schema: 1,
    agent_id: run.agentId,
    created_at: known?.record.created_at ?? new Date(clock.now()).toISOString(),
    desired: "running",
    current_version: version.version,
    versions: kept.map((it) => it.version),
  };
  await store.writeAgent(record);

  const agent = known ?? createAgent({ record, versions: [], state: "starting" });
  const old = agent.instance;
  agent.record = record;
  agent.versions = kept;
  agent.instance = instance;
  agent.lastError = undefined;
  moveTo(agent, "running", { log, metrics, reason: `version ${version.version} is ready` });
  registry.add(agent);
  pool.pump(agent);

  if (old !== undefined) void retire(context, agent, old);
  for (const surplus of versions.slice(0, -KEPT_VERSIONS)) void discard(context, agent.id, surplus.version);
}

/** Leaves nothing of a version. A failure to clean up is logged, never thrown: it must not hide why we came here. */
async function discard(context: AgentsContext, agentId: string, version: number): Promise<void> {
  const { engine, store, names, log, registry } = context;
  try {
    await store.removeVersion(agentId, version);
    if (registry.find(agentId) === undefined) await store.removeAgent(agentId);
    await engine.removeContainer(names.container(agentId, version));
    await engine.removeImages([names.image(agentId, version)]);
  } catch (error) {
    log.error({ agent_id: agentId, version, err: error }, "could not remove all that a version left behind");
  }
}

async function nextVersion({ store, registry }: AgentsContext, agentId: string): Promise<number> {
  const onDisk = await store.listVersions(agentId);
  const known = registry.find(agentId)?.record.versions ?? [];
  return Math.max(0, ...onDisk, ...known) + 1;
}

function toRecord(
  { names, clock }: AgentsContext,
  made: { number: number; agentId: string; prepared: Prepared; image: BuiltVersion },
): VersionRecord {
  const { number, agentId, prepared, image } = made;
  return {
    schema: 1,
    version: number,
    created_at: new Date(clock.now()).toISOString(),
    spec_digest: prepared.specDigest,
    tree_digest: prepared.treeDigest,
    image: names.image(agentId, number),
    image_id: image.imageId,
    dependency_style: image.dependencyStyle,
    manifest: prepared.manifest,
    entrypoint: prepared.entrypoint,
    warnings: [...prepared.warnings, ...image.warnings],
  };
}
