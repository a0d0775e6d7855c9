import { mkdir, rename } from "node:fs/promises";

import { allDone } from "../../lib/all-done.ts";
import type { VersionRecord } from "../../model/agent.ts";
import { commit, discard } from "./commit.ts";
import type { AgentsContext } from "../context.ts";
import type { DeployRun } from "./deploy.ts";
import type { Prepared } from "./prepare.ts";

/** Builds, starts and commits a new version. When it fails, nothing of it is left, neither on disk nor in the engine. */
export async function makeVersion(
  context: AgentsContext,
  { run, prepared }: { run: DeployRun; prepared: Prepared },
): Promise<VersionRecord> {
  const { builder, instances, store, names } = context;
  const { agentId, signal } = run;
  const number = await nextVersion(context, agentId);
  const unbuilt = {
    version: number,
    spec_digest: prepared.specDigest,
    tree_digest: prepared.treeDigest,
    image: names.image(agentId, number),
    manifest: prepared.manifest,
    entrypoint: prepared.entrypoint,
  };
  const tree = store.treeDir(agentId, unbuilt);
  const startup = Promise.withResolvers<void>();
  try {
    await mkdir(store.versionDir(agentId, number), { recursive: true, mode: 0o700 });
    await rename(prepared.tree, tree);
    run.emit({ type: "phase", phase: "building" });
    const building = builder.build({
      agentId,
      version: unbuilt,
      tree,
      signal,
      onEvent: run.emit,
      startup: startup.promise,
    });
    // A write that lasts takes a disk tens of milliseconds.
    const [build] = await allDone([building, store.writeSecrets(agentId, number, run.secrets)]);
    for (const message of build.warnings) run.emit({ type: "warning", message });
    run.stopwatch.lap("build");

    const record: VersionRecord = {
      ...unbuilt,
      schema: 1,
      created_at: new Date(context.clock.now()).toISOString(),
      image_id: build.imageId,
      bases: build.bases,
      dependency_style: build.dependencyStyle,
      resolution_key: build.resolutionKey,
      warnings: [...prepared.warnings, ...build.warnings],
    };
    run.emit({ type: "phase", phase: "starting" });
    // Of several deploys each has its own processors from the start: the others have work for the rest.
    const boost = context.operations.underWay("deploy") === 1;
    const starting = instances.start(agentId, record, { signal, boost });
    const [instance] = await allDone([starting, store.writeVersion(agentId, record)]);
    await commit(context, agentId, { instance, reason: `version ${number} is ready` });
    run.stopwatch.lap("start");
    return record;
  } catch (error) {
    await discard(context, agentId, number);
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
