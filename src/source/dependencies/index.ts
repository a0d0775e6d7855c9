import { createHash } from "node:crypto";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import type { Entrypoint } from "../../model/entrypoint.ts";
import type { Manifest } from "../../model/manifest.ts";
import { CONTEXTS, IGNORE_TEXT, dockerfileText } from "../dockerfile.ts";
import { contentName, treeName } from "./content-name.ts";
import { planDependencies } from "./detect.ts";
import type { DependencyStyle } from "./plan.ts";
import { openTree } from "./tree.ts";

export type BuildSettings = {
  /** Image reference with `{version}` where the Python version goes. */
  pythonImage: string;
  uvImage: string;
  /** Replaces PyPI. May hold credentials. */
  indexUrl?: string | undefined;
  extraIndexUrls?: string[] | undefined;
  /** Directory of wheels on this host. */
  findLinks?: string | undefined;
  /** PEM file of authorities to trust while building; never in the image. */
  caFile?: string | undefined;
  /** What becomes of a package that is to be had only as source. */
  sdist: "isolated" | "deny";
};

export type PrepareOptions = {
  /** The extracted upload; never written to. */
  tree: string;
  /** An empty directory for everything the build reads. */
  buildDir: string;
  manifest: Pick<Manifest, "pythonVersion">;
  entrypoint: Pick<Entrypoint, "file">;
  agentId: string;
  settings: BuildSettings;
  /** The Python that runs inside the container: file name to text. */
  runtimeFiles: Record<string, string>;
  /** `wheels`: no package's code runs while building. `sources`: it may. */
  packages?: "wheels" | "sources";
};

export type PreparedBuild = {
  style: DependencyStyle;
  styleReason: string;
  warnings: string[];
  /** Path; its ignore file lies beside it, so that one in the upload has no say. */
  dockerfile: string;
  context: string;
  contexts: { name: string; directory: string }[];
  buildArgs: Record<string, string>;
  secretFiles: Record<string, string>;
};

/**
 * Decides how the agent's dependencies are installed and writes into `buildDir` all that the build reads.
 * Rejects with BUILD_FAILED for a dependency file that cannot be used. Runs nothing and fetches nothing.
 */
export async function prepareBuild(options: PrepareOptions): Promise<PreparedBuild> {
  const { buildDir, settings, manifest } = options;
  const plan = await planDependencies(openTree(options.tree));
  const packages = options.packages ?? "wheels";

  await mkdir(buildDir, { recursive: true });
  const dockerfile = join(buildDir, "Dockerfile");
  const text = dockerfileText({
    recipe: plan.recipe,
    cacheId: packages === "wheels" ? cacheId(settings.uvImage) : cacheId(settings.uvImage, options.agentId),
    secrets: { ca: settings.caFile !== undefined, netrc: false },
    findLinks: settings.findLinks !== undefined,
    packages,
  });
  await writeFile(dockerfile, text);
  await writeFile(`${dockerfile}.dockerignore`, IGNORE_TEXT);

  const code = join(buildDir, await treeName("code", options.tree));
  await symlink(options.tree, code);
  const contexts: PreparedBuild["contexts"] = [
    { name: CONTEXTS.runtime, directory: await writeContext(buildDir, "runtime", options.runtimeFiles) },
  ];
  if (plan.recipe !== "none") {
    contexts.push({
      name: CONTEXTS.dependencies,
      directory: await writeContext(buildDir, "deps", plan.files),
    });
    if (settings.findLinks !== undefined) {
      const wheels = join(buildDir, await treeName("wheels", settings.findLinks));
      await symlink(settings.findLinks, wheels);
      contexts.push({ name: CONTEXTS.findLinks, directory: wheels });
    }
  }
  return {
    style: plan.style,
    styleReason: plan.reason,
    warnings: plan.warnings,
    dockerfile,
    context: code,
    contexts,
    buildArgs: {
      OKEN_PYTHON_IMAGE: settings.pythonImage.replaceAll("{version}", manifest.pythonVersion),
      OKEN_UV_IMAGE: settings.uvImage,
      OKEN_INDEX_URL: settings.indexUrl ?? "",
      OKEN_EXTRA_INDEX_URLS: (settings.extraIndexUrls ?? []).join(" "),
      OKEN_AGENT: digest(options.agentId),
    },
    secretFiles: settings.caFile === undefined ? {} : { ca: settings.caFile },
  };
}

async function writeContext(
  buildDir: string,
  prefix: string,
  files: Record<string, string>,
): Promise<string> {
  const directory = join(buildDir, contentName(prefix, files));
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  return directory;
}

function cacheId(uvImage: string, agentId?: string): string {
  return `oken-uv-${digest(uvImage)}${agentId === undefined ? "" : `-${digest(agentId)}`}`;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
