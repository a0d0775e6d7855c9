import { createHmac } from "node:crypto";
import { cp } from "node:fs/promises";
import { join } from "node:path";

import type { Entrypoint } from "../../model/entrypoint.ts";
import type { Manifest } from "../../model/manifest.ts";
import type { Budget } from "../../upload/budget.ts";
import type { DiskFloor } from "../../upload/disk-floor.ts";
import { extractArchive } from "../../upload/archive/extract.ts";
import type { ArchiveLimits } from "../../upload/archive/limits.ts";
import { detectEntrypoint } from "../../entrypoint/detect.ts";
import { type ManifestDefaults, readManifest } from "../../manifest/manifest.ts";
import type { AgentParts } from "../parts.ts";
import type { DeployRun } from "./types.ts";

export type SourceOptions = {
  archiveLimits: ArchiveLimits;
  diskFloor: DiskFloor;
  /** Bytes that all uploads in flight may hold on disk together. */
  budget: Budget;
  manifestDefaults: ManifestDefaults;
  /** Keeps a spec digest, which covers secrets, from being guessed back into them. */
  digestKey: string;
};

export type SourceParts = Pick<AgentParts, "builder" | "instances" | "registry" | "store">;

/** What was uploaded, unpacked and understood, not yet built. */
export type Source = {
  tree: string;
  treeDigest: string;
  /** Equal digests mean that a deploy would change nothing. */
  specDigest: string;
  manifest: Manifest;
  entrypoint: Entrypoint;
  warnings: string[];
};

export async function readSource(
  parts: SourceParts,
  options: SourceOptions,
  run: DeployRun,
): Promise<Source> {
  const { builder, instances } = parts;
  const tree = join(run.staging, "tree");
  const treeDigest = await (run.archivePath === undefined
    ? copyCurrent(parts, run.agentId, tree)
    : extract(options, { ...run, archivePath: run.archivePath }, tree));
  run.stopwatch.lap("extract");
  run.emit({ type: "phase", phase: "extracted" });

  const fromManifest = await readManifest(tree, options.manifestDefaults);
  const { manifest } = fromManifest;
  const { pythonVersion } = manifest;
  const { entrypoint, warnings: fromEntrypoint } = await detectEntrypoint({
    tree,
    manifest,
    compile: (source) => builder.compile({ agentId: run.agentId, pythonVersion, source, signal: run.signal }),
  });
  run.stopwatch.lap("detect");
  run.emit({ type: "phase", phase: "detected" });

  const warnings = [...fromManifest.warnings, ...fromEntrypoint];
  for (const message of warnings) run.emit({ type: "warning", message });
  const secrets = Object.entries(run.secrets).sort(([a], [b]) => (a < b ? -1 : 1));
  const source = { tree, manifest, entrypoint };
  const fingerprints = await Promise.all([
    builder.fingerprint(source),
    instances.fingerprint(run.agentId, source),
  ]);
  const specDigest = createHmac("sha256", options.digestKey)
    .update(JSON.stringify([treeDigest, fingerprints, manifest, entrypoint, secrets]))
    .digest("hex");
  return { tree, treeDigest, specDigest, manifest, entrypoint, warnings };
}

async function extract(
  { archiveLimits: limits, diskFloor, budget }: SourceOptions,
  { archivePath, signal }: DeployRun & { archivePath: string },
  destination: string,
): Promise<string> {
  const { digest } = await extractArchive({ archivePath, destination, limits, diskFloor, budget, signal });
  return digest;
}

/** The files of the version that serves, for one that differs from it in something else. */
async function copyCurrent(
  { registry, store }: SourceParts,
  agentId: string,
  destination: string,
): Promise<string> {
  const version = registry.get(agentId).currentVersion;
  await cp(store.treeDir(agentId, version), destination, {
    recursive: true,
    preserveTimestamps: true,
    verbatimSymlinks: true,
  });
  return version.tree_digest;
}
