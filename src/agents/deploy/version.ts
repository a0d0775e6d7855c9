import { mkdir, rename } from "node:fs/promises";

import type { Build } from "../../build/types.ts";
import { allDone } from "../../lib/all-done.ts";
import type { VersionRecord } from "../../model/agent.ts";
import type { AgentParts } from "../parts.ts";
import { type HandoverParts, handOver } from "../handover.ts";
import { finishRemoval } from "../removals.ts";
import { noteVolumes } from "../volumes/volumes.ts";
import { discard, discardFirst } from "./commit.ts";
import type { Source } from "./source.ts";
import { stage } from "./stage.ts";
import type { DeployRun } from "./types.ts";

export type VersionParts = HandoverParts &
  Pick<AgentParts, "builder" | "instances" | "operations" | "secrets" | "userIds">;

/** Builds, starts and commits a new version. When it fails, nothing of it is left, neither on disk nor in the engine. */
export async function makeVersion(
  parts: VersionParts,
  { run, source }: { run: DeployRun; source: Source },
): Promise<VersionRecord> {
  const { builder, instances, secrets, store, names, reach } = parts;
  const { agentId, signal, emit } = run;
  await finishRemoval(parts, agentId);
  const number = await nextVersion(parts, agentId);
  const discardVolumes = await noteVolumes(parts, agentId, source.manifest);
  using user = await parts.userIds.take(agentId);
  const version = {
    version: number,
    user_id: user.id,
    spec_digest: source.specDigest,
    tree_digest: source.treeDigest,
    image: names.image(agentId, number),
    manifest: source.manifest,
    entrypoint: source.entrypoint,
  };
  const tree = store.treeDir(agentId, version);
  const startup = Promise.withResolvers<void>();
  try {
    await mkdir(store.versionDir(agentId, number), { recursive: true, mode: 0o700 });
    await rename(source.tree, tree);
    await reach("deploy.kept");
    emit({ type: "phase", phase: "building" });
    const [build] = await stage(run, "build", (span) =>
      // A durable write takes tens of milliseconds, so it runs beside the build.
      allDone([
        builder.build({ agentId, version, tree, signal, span, onEvent: emit, startup: startup.promise }),
        secrets.writeSecrets(agentId, number, { secrets: run.secrets, reader: user.onHost }),
        store.writePasswd(agentId, number, user.id),
        store.syncSource(agentId, version),
      ]),
    );
    await reach("deploy.built");
    for (const message of build.warnings) emit({ type: "warning", message });

    const created_at = new Date(parts.clock.now()).toISOString();
    const record = {
      ...toRecord(version, build),
      created_at,
      warnings: [...source.warnings, ...build.warnings],
    };
    emit({ type: "phase", phase: "starting" });
    // While other deploys run they need the rest of the CPUs.
    const boost = parts.operations.underWay("deploy") === 1;
    const onTrouble = (trouble: string) => emit({ type: "warning", message: `not ready yet: ${trouble}` });
    const start = async () => {
      const starting = instances.start(agentId, record, { signal, boost, onTrouble });
      const [instance] = await allDone([starting, store.writeVersion(agentId, record)]);
      await reach("deploy.started");
      return instance;
    };
    const reason = `version ${number} is ready`;
    await stage(run, "start", () => handOver(parts, agentId, { version: record, start, reason, signal }));
    return record;
  } catch (error) {
    await discard(parts, agentId, number);
    await discardVolumes();
    await discardFirst(parts, agentId);
    throw error;
  } finally {
    startup.resolve();
  }
}

async function nextVersion(
  { store, registry }: Pick<AgentParts, "store" | "registry">,
  agentId: string,
): Promise<number> {
  const onDisk = await store.listVersions(agentId);
  const known = registry.find(agentId)?.record.versions ?? [];
  return Math.max(0, ...onDisk, ...known) + 1;
}

type Draft = Pick<
  VersionRecord,
  "version" | "user_id" | "spec_digest" | "tree_digest" | "image" | "manifest" | "entrypoint"
>;

function toRecord(draft: Draft, build: Build) {
  return {
    ...draft,
    schema: 1 as const,
    image_id: build.imageId,
    bases: build.bases,
    dependency_style: build.dependencyStyle,
    resolution_key: build.resolutionKey,
    ...(build.systemPackages === undefined ? {} : { system_packages: build.systemPackages }),
  };
}
