import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";

import type { DependencyPlan } from "../../dependencies/plan.ts";
import type { BuildInputs } from "../../docker/types.ts";
import { contentName } from "../content-name.ts";
import { writeContext } from "../contexts.ts";
import { CONTEXTS } from "../layout.ts";
import { writeFiles } from "../files.ts";
import type { BuildRun } from "../run.ts";
import { imageFor } from "../settings.ts";
import { systemInputs } from "../system/inputs.ts";
import { builderDockerfileText } from "./dockerfile.ts";
import { PROGRAMS, type SdistTask, placeOf, taskFiles } from "./task.ts";

/** Left out of the projects that are built: what no build needs. */
const NOT_COPIED = /(^|\/)(\.git|\.hg|\.svn|\.venv|venv|node_modules|__pycache__)(\/|$)/;

/** Writes what the container for source builds reads. No credentials are among it: those go to its gateway alone. */
export async function writeSdistInputs(
  { parts, request, plan }: BuildRun,
  task: SdistTask,
  parent: string,
): Promise<BuildInputs> {
  const { settings } = parts.host;
  const { findLinks } = settings.packageSources;
  const { tree, version } = request;
  const texts: Record<string, string> = { ...PROGRAMS, ...taskFiles(plan, task, settings.packageSources) };
  if (settings.caFile !== undefined) texts["ca.pem"] = await readFile(settings.caFile, "utf8");
  // Used for one build only, so that a random part makes the name as unique as content would.
  const directory = join(parent, contentName("builder", { unique: crypto.randomUUID() }));
  await writeFiles(directory, texts, copiesOf(plan, tree));
  for (const path of new Set([...plan.builds, ...plan.dynamic])) {
    await copyTree(join(tree, path), join(directory, "input", "projects", placeOf(path)));
  }
  if (findLinks !== undefined) await copyTree(findLinks, join(directory, "wheels"));
  const system = systemInputs(version.manifest.systemPackages, settings);
  await writeFiles(parent, { "Dockerfile.builder": builderDockerfileText(system?.step) });
  const image = settings.builderImage ?? settings.pythonImage;
  return {
    dockerfile: join(parent, "Dockerfile.builder"),
    context: directory,
    contexts: [
      { name: CONTEXTS.builder, directory },
      ...(system === undefined ? [] : [await writeContext(parent, system.context)]),
    ],
    buildArgs: {
      OKEN_PYTHON_IMAGE: imageFor(image, version.manifest.pythonVersion),
      OKEN_UV_IMAGE: settings.uvImage,
      ...system?.buildArgs,
    },
    secretFiles: system?.secretFiles ?? {},
    fetches: system !== undefined,
  };
}

/** Files of the upload that the lock names. A `uv.lock` names them by their place in the project, requirements by URL. */
function copiesOf(plan: DependencyPlan, tree: string): Record<string, string> {
  const places = plan.lock === "uv.lock" ? ["input", "files"] : ["files"];
  return Object.fromEntries(
    Object.entries(plan.copies).flatMap(([name, path]) =>
      places.map((place) => [`${place}/${name}`, join(tree, path)] as const),
    ),
  );
}

async function copyTree(from: string, to: string): Promise<void> {
  await cp(from, to, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !NOT_COPIED.test(path.slice(from.length)),
  });
}
