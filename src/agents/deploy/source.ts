import { createHmac } from "node:crypto";
import { cp } from "node:fs/promises";
import { join } from "node:path";

import type { Entrypoint } from "../../model/entrypoint.ts";
import type { Manifest } from "../../model/manifest.ts";
import type { Budget } from "../../upload/budget.ts";
import type { DiskFloor } from "../../upload/disk-floor.ts";
import { extractArchive } from "../../upload/archive/extract.ts";
import type { ArchiveLimits } from "../../upload/archive/limits.ts";
import type { Detect } from "../../entrypoint/apart.ts";
import { detectEntrypoint } from "../../entrypoint/detect.ts";
import { type ManifestDefaults, readManifest } from "../../manifest/manifest.ts";
import { ownSource } from "../starts/own-source.ts";
import type { AgentParts } from "../parts.ts";
import { stage } from "./stage.ts";
import type { DeployRun } from "./types.ts";

export type SourceOptions = {
  archiveLimits: ArchiveLimits;
  diskFloor: DiskFloor;
  /** Bytes that all uploads in flight may hold on disk together. */
  budget: Budget;
  manifestDefaults: ManifestDefaults;
  /** Reads what is served; by default in this thread. */
  detect?: Detect;
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
  const treeDigest = await stage(run, "extract", () =>
    run.archivePath === undefined
      ? copyCurrent(parts, run.agentId, tree)
      : extract(options, { ...run, archivePath: run.archivePath }, tree),
  );
  run.emit({ type: "phase", phase: "extracted" });

  const { manifest, entrypoint, warnings } = await stage(run, "detect", () =>
    detect(parts, options, { run, tree }),
  );
  run.emit({ type: "phase", phase: "detected" });

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

/** What the files say, and what is served of them. */
async function detect(
  { builder }: SourceParts,
  { manifestDefaults, detect: read = detectEntrypoint }: SourceOptions,
  { run, tree }: { run: DeployRun; tree: string },
): Promise<Pick<Source, "manifest" | "entrypoint" | "warnings">> {
  const { agentId, signal } = run;
  const { manifest, warnings } = await readManifest(tree, manifestDefaults);
  const { pythonVersion } = manifest;
  const compile = (source: Uint8Array) => builder.compile({ agentId, pythonVersion, source, signal });
  const found = await read({ tree, manifest, compile }, signal);
  return { manifest, entrypoint: found.entrypoint, warnings: [...warnings, ...found.warnings] };
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
  await cp(await ownSource(store, agentId, version), destination, {
    recursive: true,
    preserveTimestamps: true,
    verbatimSymlinks: true,
  });
  return version.tree_digest;
}
