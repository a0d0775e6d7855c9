import { createHmac } from "node:crypto";
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

export type SourceParts = Pick<AgentParts, "builder" | "instances">;

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
  { builder, instances }: SourceParts,
  options: SourceOptions,
  run: DeployRun,
): Promise<Source> {
  const tree = join(run.staging, "tree");
  const extracted = await extractArchive({
    archivePath: run.archivePath,
    destination: tree,
    limits: options.archiveLimits,
    diskFloor: options.diskFloor,
    budget: options.budget,
    signal: run.signal,
  });
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
    .update(JSON.stringify([extracted.digest, fingerprints, manifest, entrypoint, secrets]))
    .digest("hex");
  return { tree, treeDigest: extracted.digest, specDigest, manifest, entrypoint, warnings };
}
