import { mkdir, rename } from "node:fs/promises";

import { allDone } from "../../lib/all-done.ts";
import type { VersionRecord } from "../../model/agent.ts";
import { commit, discard } from "./commit.ts";
import type { AgentsContext } from "../context.ts";
import type { DeployRun } from "./deploy.ts";
import type { BuiltVersion } from "../../build/images.ts";
import type { Prepared } from "./prepare.ts";

/** Builds, starts and commits a new version. When it fails, nothing of it is left, neither on disk nor in the engine. */
export async function makeVersion(
  context: AgentsContext,
  { run, prepared }: { run: DeployRun; prepared: Prepared },
): Promise<VersionRecord> {
  const { images, instances, store, names } = context;
  const number = await nextVersion(context, run.agentId);
  const buildDir = store.buildDir(run.agentId, number);
  const tree = store.treeDir(run.agentId, { version: number, tree_digest: prepared.treeDigest });
  const startup = Promise.withResolvers<void>();
  try {
    await mkdir(buildDir, { recursive: true, mode: 0o700 });
    await rename(prepared.tree, tree);
    run.emit({ type: "phase", phase: "building" });
    const building = images.build({
      identity: { agentId: run.agentId, version: number, spec: prepared.specDigest },
      tag: names.image(run.agentId, number),
      tree,
      treeDigest: prepared.treeDigest,
      buildDir,
      manifest: prepared.manifest,
      entrypoint: prepared.entrypoint,
      startup: startup.promise,
      signal: run.signal,
      onEvent: run.emit,
    });
    // A write that lasts takes a disk tens of milliseconds.
    const [image] = await allDone([building, store.writeSecrets(run.agentId, number, run.secrets)]);
    for (const message of image.warnings) run.emit({ type: "warning", message });
    run.stopwatch.lap("build");

    const record = toRecord(context, { number, agentId: run.agentId, prepared, image });
    run.emit({ type: "phase", phase: "starting" });
    // Of several deploys each has its own processors from the start: the others have work for the rest.
    const boost = context.operations.underWay("deploy") === 1;
    const starting = instances.start(run.agentId, record, { signal: run.signal, boost });
    const [instance] = await allDone([starting, store.writeVersion(run.agentId, record)]);
    await commit(context, run.agentId, { instance, reason: `version ${number} is ready` });
    run.stopwatch.lap("start");
    return record;
  } catch (error) {
    await discard(context, run.agentId, number);
    throw error;
  } finally {
    startup.resolve();
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
    bases: image.bases,
    dependency_style: image.dependencyStyle,
    manifest: prepared.manifest,
    entrypoint: prepared.entrypoint,
    packages: image.packages,
    warnings: [...prepared.warnings, ...image.warnings],
  };
}
