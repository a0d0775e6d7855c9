import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join, posix } from "node:path";

import { CONTEXTS, IGNORE_TEXT, dockerfileText } from "./dockerfile.ts";
import type { Resolution } from "./dockerfile.ts";
import { fileDigest } from "./content-name.ts";
import { contextWriter } from "./contexts.ts";
import type { ContextWriter } from "./contexts.ts";
import { withoutPackages } from "../dependencies/lock.ts";
import type { DependencyPlan, LockFile } from "../dependencies/plan.ts";
import { LOCAL_FILE_PLACEHOLDER } from "../dependencies/requirements.ts";
import type { BuildSettings } from "./settings.ts";
import { SCRIPT_FILE } from "../dependencies/script-lock.ts";
import { netrcText, refusePrivateHosts, splitCredentials } from "./settings.ts";
import { siteFiles } from "./site.ts";

/** A list that was made earlier, and the wheels that were built from source for it. */
export type MadeList = {
  lock: { file: LockFile; text: string };
  /** Canonical names to paths on this host. */
  wheels: Record<string, string>;
};

export type PrepareOptions = {
  plan: DependencyPlan;
  made: MadeList | undefined;
  /** The extracted upload; never written to. */
  tree: string;
  /** Digest of names, modes and every byte of `tree`; made here if undefined, which reads all of it. */
  treeDigest?: string | undefined;
  /** A directory for everything the build reads; made here. */
  buildDir: string;
  /** `3.N`. */
  pythonVersion: string;
  agentId: string;
  settings: BuildSettings;
  /** Directory of the Python that runs inside the container; its base name is unique to its content. */
  runtimeDir: string;
  /** Milliseconds since the epoch. */
  now: number;
};

export type PreparedBuild = {
  /** Path; its ignore file lies beside it, so that one in the upload has no say. */
  dockerfile: string;
  context: string;
  contexts: { name: string; directory: string }[];
  buildArgs: Record<string, string>;
  secretFiles: Record<string, string>;
  /** The list that the build resolves and that is worth keeping; undefined when it only reads one. */
  resolves: LockFile | undefined;
};

/** Writes into `buildDir` all that the build reads. Runs nothing, fetches nothing, follows no link of the upload. */
export async function prepareBuild(options: PrepareOptions): Promise<PreparedBuild> {
  const { plan, made, buildDir, settings } = options;
  const indexes = splitCredentials(settings);
  const { lock, resolution } = installFrom(plan, made, settings);
  refusePrivateHosts(indexes, plan.files);
  await mkdir(buildDir, { recursive: true });
  const add = contextWriter(buildDir);

  add.contexts.push({ name: CONTEXTS.runtime, directory: options.runtimeDir });
  const site = siteFiles(plan);
  if (Object.keys(site).length > 0) await add.files(CONTEXTS.site, "site", site);
  const wheels = { ...vendoredWheels(options), ...made?.wheels };
  const files = lock === undefined ? {} : await placeCopies(options, add);
  if (lock !== undefined) {
    const inputs = made === undefined ? plan.files : lockFiles(plan, made);
    await add.files(CONTEXTS.dependencies, "deps", withLocalFiles(inputs, files.urls), files.besides);
    if (settings.findLinks !== undefined) await add.link(CONTEXTS.findLinks, "wheels", settings.findLinks);
    if (Object.keys(wheels).length > 0) {
      const sources = Object.fromEntries(Object.values(wheels).map((path) => [posix.basename(path), path]));
      await add.files(CONTEXTS.built, "built", {}, sources);
    }
  }
  const secretFiles: Record<string, string> = {};
  if (settings.caFile !== undefined) secretFiles["ca"] = settings.caFile;
  if (indexes.credentials.length > 0) {
    secretFiles["netrc"] = join(buildDir, "netrc");
    await writeFile(secretFiles["netrc"], netrcText(indexes.credentials), { mode: 0o600 });
  }
  const text = dockerfileText({
    pythonVersion: options.pythonVersion,
    lock,
    resolution,
    cacheId: `oken-uv-${digest(settings.uvImage)}`,
    secrets: { ca: "ca" in secretFiles, netrc: "netrc" in secretFiles },
    files: files.urls !== undefined && Object.keys(files.urls).length > 0,
    findLinks: settings.findLinks !== undefined,
    built: lock !== undefined && Object.keys(wheels).length > 0,
    site: Object.keys(site).length > 0,
    offline: settings.offline ?? false,
    compileFlags: plan.compileFlags.length > 0 ? plan.compileFlags : ["pyproject.toml"],
    builtNames: Object.keys(wheels).sort(),
  });
  const resolves = resolution === "lock" || resolution === "compile" ? lock : undefined;
  const dockerfile = join(buildDir, "Dockerfile");
  await writeFile(dockerfile, text);
  await writeFile(`${dockerfile}.dockerignore`, IGNORE_TEXT);
  const code = await add.main({ prefix: "code", directory: options.tree, digest: options.treeDigest });
  return {
    dockerfile,
    context: code,
    contexts: add.contexts,
    buildArgs: {
      OKEN_PYTHON_IMAGE: imageFor(settings.pythonImage, options.pythonVersion),
      OKEN_UV_IMAGE: settings.uvImage,
      OKEN_INDEX_URL: indexes.main,
      OKEN_EXTRA_INDEX_URLS: indexes.extra.join(" "),
      ...(resolves === undefined ? {} : { OKEN_DAY: new Date(options.now).toISOString().slice(0, 10) }),
      ...(indexes.credentials.length > 0 ? { OKEN_AGENT: digest(options.agentId) } : {}),
    },
    secretFiles,
    resolves,
  };
}

export function imageFor(template: string, pythonVersion: string): string {
  return template.replaceAll("{version}", pythonVersion);
}

/**
 * A `uv.lock` names the address of every file, so from another index, or a folder of wheels, its packages are installed
 * by name and hash instead.
 */
function installFrom(
  plan: DependencyPlan,
  made: MadeList | undefined,
  settings: BuildSettings,
): { lock: LockFile | undefined; resolution: Resolution | undefined } {
  if (plan.lock === undefined) return { lock: undefined, resolution: undefined };
  const elsewhere = (settings.indexUrl ?? "") !== "" || settings.findLinks !== undefined;
  const file = made?.lock.file ?? plan.lock;
  const listed = made !== undefined || plan.locked;
  if (file === "requirements.lock") return { lock: file, resolution: listed ? undefined : "compile" };
  // uv installs a script's packages into its own cache and nowhere else, but writes them down as a list.
  if (SCRIPT_FILE in plan.files) return { lock: "requirements.lock", resolution: "export-script" };
  if (!elsewhere) return { lock: file, resolution: listed ? undefined : "lock" };
  return { lock: "requirements.lock", resolution: listed ? "export" : "compile" };
}

/** The list, and beside a `uv.lock` the project file that names it. */
function lockFiles(plan: DependencyPlan, { lock, wheels }: MadeList): Record<string, string> {
  if (lock.file === "requirements.lock") {
    return { [lock.file]: withoutPackages(lock.text, new Set(Object.keys(wheels))) };
  }
  const script = plan.files[SCRIPT_FILE];
  if (script !== undefined) {
    return { [lock.file]: lock.text, [SCRIPT_FILE]: script, indexes: plan.files["indexes"] ?? "" };
  }
  const project = plan.files["install/pyproject.toml"] ?? plan.files["pyproject.toml"] ?? "";
  return { [lock.file]: lock.text, "pyproject.toml": project };
}

function vendoredWheels({ plan, tree }: PrepareOptions): Record<string, string> {
  return Object.fromEntries(Object.entries(plan.vendored).map(([name, path]) => [name, join(tree, path)]));
}

type Placed = {
  /** Placeholder to `file:` URL. */
  urls?: Record<string, string>;
  /** Files that go into the dependencies' context, path there to path on this host. */
  besides?: Record<string, string>;
};

/**
 * Wheels of the upload. One that a requirements list asks for gets a path made of its content: uv's cache, which agents
 * share, knows a local file by its path and time.
 */
async function placeCopies(options: PrepareOptions, add: ContextWriter): Promise<Placed> {
  const { plan, tree } = options;
  const copies = Object.entries(plan.copies);
  if (copies.length === 0) return {};
  if (plan.lock === "uv.lock") {
    return { besides: Object.fromEntries(copies.map(([name, path]) => [name, join(tree, path)])) };
  }
  const urls: Record<string, string> = {};
  const sources: Record<string, string> = {};
  for (const [name, path] of copies) {
    const place = `${(await fileDigest(join(tree, path))).slice(0, 32)}/${posix.basename(path)}`;
    sources[place] = join(tree, path);
    urls[`${LOCAL_FILE_PLACEHOLDER}${name}`] = `file:///opt/oken/files/${place}`;
  }
  await add.files(CONTEXTS.files, "files", {}, sources);
  return { urls };
}

function withLocalFiles(
  files: Record<string, string>,
  urls: Record<string, string> = {},
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) => {
      let replaced = text;
      for (const [placeholder, url] of Object.entries(urls)) replaced = replaced.replaceAll(placeholder, url);
      return [name, replaced];
    }),
  );
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
