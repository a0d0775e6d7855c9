import { join, posix } from "node:path";

import type { DependencyPlan, LockFile } from "../dependencies/plan.ts";
import { LOCAL_FILE_PLACEHOLDER } from "../dependencies/requirements.ts";
import type { BuildInputs } from "../docker/types.ts";
import { digest, fileDigest } from "./content-name.ts";
import { type ContextSource, type ImageInputs, writeInputs } from "./contexts.ts";
import { dockerfileText } from "./dockerfile.ts";
import { CONTEXTS } from "./layout.ts";
import { netrcText, refusePrivateHosts, splitCredentials } from "./indexes.ts";
import { lockFiles, planInstall, resolvedLock } from "./install.ts";
import type { Resolution } from "./resolutions.ts";
import type { BuildRun } from "./run.ts";
import { type BuildSettings, type PackageSources, imageFor } from "./settings.ts";
import { siteFiles } from "./site.ts";
import { systemInputs } from "./system/inputs.ts";
import type { BuildManifest } from "./types.ts";

export type ImageSource = {
  plan: DependencyPlan;
  /** What `plan` was resolved to before, if it was. */
  resolution: Resolution | undefined;
  /** Never written to. */
  tree: string;
  manifest: BuildManifest;
  agentId: string;
  /** When the build began, `2026-01-31`: versions that nothing pins are looked up once a day. */
  day: string;
};

/** What the build of an image reads. Runs nothing, fetches nothing, follows no link of the upload. */
export async function imageInputs(source: ImageSource, settings: BuildSettings): Promise<ImageInputs> {
  const { plan, resolution, manifest } = source;
  const { pythonVersion } = manifest;
  const system = systemInputs(manifest.systemPackages, settings);
  const indexes = splitCredentials(settings.packageSources);
  refusePrivateHosts(indexes, plan.files);
  const wheels = { ...vendoredWheels(source), ...resolution?.wheels };
  const install = planInstall({
    plan,
    resolution,
    sources: settings.packageSources,
    builtNames: Object.keys(wheels).sort(),
  });
  const contexts = [
    ...(system === undefined ? [] : [system.context]),
    ...siteContexts(plan),
    ...(install === undefined ? [] : await installContexts(source, settings.packageSources, wheels)),
  ];
  const has = (name: string) => contexts.some((context) => context.name === name);
  const resolved = resolvedLock(install);
  const hasCredentials = indexes.credentials.length > 0;
  return {
    dockerfile: dockerfileText({
      pythonVersion,
      system: system?.step,
      install,
      cacheId: `oken-uv-${digest(settings.uvImage)}`,
      secrets: { ca: settings.caFile !== undefined, netrc: hasCredentials },
      contexts: {
        files: has(CONTEXTS.files),
        findLinks: has(CONTEXTS.findLinks),
        built: has(CONTEXTS.built),
        site: has(CONTEXTS.site),
      },
      offline: settings.packageSources.offline ?? false,
    }),
    contexts,
    buildArgs: {
      OKEN_PYTHON_IMAGE: imageFor(settings.pythonImage, pythonVersion),
      OKEN_UV_IMAGE: settings.uvImage,
      OKEN_INDEX_URL: indexes.main,
      OKEN_EXTRA_INDEX_URLS: indexes.extra.join(" "),
      ...system?.buildArgs,
      ...(resolved === undefined ? {} : { OKEN_DAY: source.day }),
      ...(hasCredentials ? { OKEN_AGENT: digest(source.agentId) } : {}),
    },
    caFile: settings.caFile,
    netrc: hasCredentials ? netrcText(indexes.credentials) : undefined,
    resolvedLock: resolved,
    fetches: system !== undefined || (install !== undefined && settings.packageSources.offline !== true),
  };
}

/** Writes what a build reads to `directory`. */
export async function writeRunInputs(
  { parts, request, plan, startedAt }: BuildRun,
  resolution: Resolution | undefined,
  directory: string,
): Promise<{ inputs: BuildInputs; resolvedLock: LockFile | undefined }> {
  const { agentId, version, tree } = request;
  const { manifest } = version;
  const day = new Date(startedAt).toISOString().slice(0, 10);
  const source = { plan, resolution, tree, manifest, agentId, day };
  const described = await imageInputs(source, parts.host.settings);
  const runtimeDir = await parts.runtime.path();
  const inputs = await writeInputs(described, {
    directory,
    runtimeDir,
    tree,
    treeDigest: version.tree_digest,
  });
  return { inputs, resolvedLock: described.resolvedLock };
}

function siteContexts(plan: DependencyPlan): ContextSource[] {
  const texts = siteFiles(plan);
  return Object.keys(texts).length === 0 ? [] : [{ name: CONTEXTS.site, texts, copies: {} }];
}

async function installContexts(
  source: ImageSource,
  { findLinks }: PackageSources,
  wheels: Record<string, string>,
): Promise<ContextSource[]> {
  const { plan, resolution } = source;
  const { urls, files, besides } = await placeCopies(source);
  const texts = withLocalFiles(resolution === undefined ? plan.files : lockFiles(plan, resolution), urls);
  const built = Object.fromEntries(Object.values(wheels).map((path) => [posix.basename(path), path]));
  return [
    { name: CONTEXTS.dependencies, texts, copies: besides },
    ...copiesContext(CONTEXTS.files, files),
    ...copiesContext(CONTEXTS.built, built),
    ...(findLinks === undefined ? [] : [{ name: CONTEXTS.findLinks, directory: findLinks }]),
  ];
}

function copiesContext(name: string, copies: Record<string, string>): ContextSource[] {
  return Object.keys(copies).length === 0 ? [] : [{ name, texts: {}, copies }];
}

function vendoredWheels({ plan, tree }: ImageSource): Record<string, string> {
  return Object.fromEntries(Object.entries(plan.vendored).map(([name, path]) => [name, join(tree, path)]));
}

/**
 * Where wheels of the upload go. One that requirements name gets a path made of its content: agents share uv's cache,
 * which tells local files apart by path and time.
 */
async function placeCopies({ plan, tree }: ImageSource): Promise<{
  /** Placeholders in the dependency files to `file:` URLs. */
  urls: Record<string, string>;
  files: Record<string, string>;
  /** Files that go beside the dependency files. */
  besides: Record<string, string>;
}> {
  const copies = Object.entries(plan.copies).map(([name, path]) => [name, join(tree, path)] as const);
  if (plan.lock === "uv.lock") return { urls: {}, files: {}, besides: Object.fromEntries(copies) };
  const urls: Record<string, string> = {};
  const files: Record<string, string> = {};
  for (const [name, path] of copies) {
    const place = `${(await fileDigest(path)).slice(0, 32)}/${posix.basename(path)}`;
    files[place] = path;
    urls[`${LOCAL_FILE_PLACEHOLDER}${name}`] = `file:///opt/oken/files/${place}`;
  }
  return { urls, files, besides: {} };
}

function withLocalFiles(texts: Record<string, string>, urls: Record<string, string>): Record<string, string> {
  const replace = (text: string) =>
    Object.entries(urls).reduce((result, [placeholder, url]) => result.replaceAll(placeholder, url), text);
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, replace(text)]));
}
