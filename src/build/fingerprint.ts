import { createHash } from "node:crypto";
import { readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";

import { planDependencies } from "../dependencies/detect.ts";
import { IGNORE_TEXT } from "./dockerfile.ts";
import { builderDockerfileText } from "./sdists/dockerfile.ts";
import { imageInputs } from "./inputs.ts";
import { resolutionKey } from "./resolution-key.ts";
import { PROGRAMS } from "./sdists/task.ts";
import type { BuildSettings } from "./settings.ts";
import type { BuildSource, BuilderHost } from "./types.ts";

/** See `Builder.fingerprint`. */
export async function fingerprint(
  { engine, settings }: Pick<BuilderHost, "engine" | "settings">,
  runtimeName: string,
  { tree, manifest, entrypoint }: BuildSource,
): Promise<string> {
  const { pythonVersion } = manifest;
  const platform = await engine.platform();
  const target = { pythonVersion, platform };
  const plan = await planDependencies(tree, { entrypointFile: entrypoint.file, target });
  const source = { plan, resolution: undefined, tree, manifest, agentId: "", day: "" };
  const { dockerfile, contexts, buildArgs } = await imageInputs(source, settings);
  const parts = [
    platform,
    runtimeName,
    dockerfile,
    IGNORE_TEXT,
    // Files that are copied are the source's own.
    contexts.map((context) => [context.name, "texts" in context ? context.texts : {}]),
    buildArgs,
    resolutionKey(plan, { python: "", code: "", contents: [] }),
    builderDockerfileText(undefined),
    PROGRAMS,
    await settingsParts(settings),
  ];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** Every setting, with the content of the files that settings name. */
async function settingsParts(settings: BuildSettings): Promise<unknown> {
  // They say what a build must not reach, not what it makes, and change with every network that Docker makes.
  const { ownAddresses: _, ...rest } = settings;
  const { findLinks } = settings.packageSources;
  const named = Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    named,
    settings.caFile === undefined ? "" : await readFile(settings.caFile, "utf8"),
    findLinks === undefined ? [] : await listing(findLinks),
  ];
}

/** A folder of wheels may hold gigabytes, so a file counts by its size and time. */
async function listing(directory: string): Promise<unknown[]> {
  const names = (await readdir(directory, { recursive: true })).sort();
  return Promise.all(
    names.map(async (name) => {
      const stats = await stat(join(directory, name)).catch(() => undefined);
      return [name, stats?.size, stats?.mtimeMs];
    }),
  );
}
