import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";

import { CONTEXTS, TARGETS, builderDockerfileText } from "../dockerfile.ts";
import buildProgram from "./build.py" with { type: "text" };
import gatewayProgram from "./gateway.py" with { type: "text" };
import { contentName } from "../content-name.ts";
import { writeFiles } from "../contexts.ts";
import { checkedLock, requirementOf } from "../../dependencies/lock.ts";
import { canonicalName } from "../../dependencies/names.ts";
import type { DependencyPlan, LockFile } from "../../dependencies/plan.ts";
import { dependencyError } from "../../lib/dependency-error.ts";
import { imageFor } from "../prepare.ts";
import type { MadeList } from "../prepare.ts";
import { LOCAL_FILE_PLACEHOLDER } from "../../dependencies/requirements.ts";
import type { BuildSettings } from "../settings.ts";
import { allowedHosts, splitCredentials, withTls, withoutTls } from "../settings.ts";

/** Where the programs find themselves in the container, and where they work. */
const BUILDER = "/opt/oken/builder";
const WORK = "/work";

/** What of an upload no build needs. */
const NOT_COPIED = /(^|\/)(\.git|\.hg|\.svn|\.venv|venv|node_modules|__pycache__)(\/|$)/;

export type BuilderOptions = {
  plan: DependencyPlan;
  /** The list, where it is known already. */
  lock: { file: LockFile; text: string } | undefined;
  /** Canonical names of packages of the list that come as source. */
  packages: string[];
  tree: string;
  buildDir: string;
  pythonVersion: string;
  settings: BuildSettings;
};

export type PreparedBuilder = {
  dockerfile: string;
  target: string;
  context: string;
  contexts: { name: string; directory: string }[];
  buildArgs: Record<string, string>;
  gatewayConfig: string;
  gatewayCommand: [string, ...string[]];
  buildCommand: [string, ...string[]];
};

/** Writes what the container for source builds reads. Credentials are for its gateway alone, and in none of the files. */
export async function prepareBuilder(options: BuilderOptions): Promise<PreparedBuilder> {
  const { plan, lock, settings, tree, buildDir, pythonVersion } = options;
  const indexes = splitCredentials(settings);
  const directories = [...new Set([...plan.builds, ...plan.dynamic])];
  const inputs = Object.fromEntries(
    Object.entries(plan.files).map(([name, text]) => [`input/${name}`, withBuilderFiles(text)]),
  );
  if (plan.dynamic.length > 0) {
    const lines = plan.dynamic.map((directory) => `${WORK}/project/projects/${placeOf(directory)}\n`);
    inputs["input/requirements.in"] = `${inputs["input/requirements.in"] ?? ""}${lines.join("")}`;
  }
  const task = {
    resolve: lock === undefined ? resolutionOf(plan) : null,
    compileFlags: plan.compileFlags,
    findLinks: [
      ...(settings.findLinks === undefined ? [] : ["--find-links", `${BUILDER}/wheels`]),
      ...(settings.offline ? ["--no-index"] : []),
    ],
    packages: options.packages.map((name) => withBuilderFiles(plan.sdists[name] ?? requirement(lock, name))),
    projects: plan.builds.map(placeOf),
    environment: {
      ...(indexes.main === "" ? {} : { UV_DEFAULT_INDEX: withoutTls(indexes.main, indexes) }),
      ...(indexes.extra.length === 0 ? {} : { UV_INDEX: withoutTls(indexes.extra.join(" "), indexes) }),
    },
  };
  const gateway = {
    allow: allowedHosts(indexes, {
      ...plan.files,
      lock: lock?.text ?? "",
      sources: Object.values(plan.sdists).join("\n"),
    }),
    logins: indexes.credentials,
    ownAddresses: settings.ownAddresses ?? [],
    upstream: settings.proxy ?? null,
  };
  const texts = {
    ...inputs,
    "build.py": buildProgram,
    "gateway.py": gatewayProgram,
    "task.json": JSON.stringify(task),
    ...(settings.caFile === undefined ? {} : { "ca.pem": await readFile(settings.caFile, "utf8") }),
  };
  // A uv.lock names files by their place in the project, a requirements list by an address of their own.
  const places = plan.lock === "uv.lock" ? ["input", "files"] : ["files"];
  const sources = Object.fromEntries(
    Object.entries(plan.copies).flatMap(([name, path]) =>
      places.map((place) => [`${place}/${name}`, join(tree, path)] as const),
    ),
  );
  // Never built twice from one directory, so the random part makes the name as unique as content would.
  const directory = join(buildDir, contentName("builder", { ...texts, unique: crypto.randomUUID() }));
  await writeFiles(directory, texts, sources);
  for (const path of directories) {
    await copyTree(join(tree, path), join(directory, "input", "projects", placeOf(path)));
  }
  if (settings.findLinks !== undefined) await copyTree(settings.findLinks, join(directory, "wheels"));
  await writeFiles(buildDir, { "Dockerfile.builder": builderDockerfileText() });
  return {
    dockerfile: join(buildDir, "Dockerfile.builder"),
    target: TARGETS.builder,
    context: directory,
    contexts: [{ name: CONTEXTS.builder, directory }],
    buildArgs: {
      OKEN_PYTHON_IMAGE: imageFor(settings.builderImage ?? settings.pythonImage, pythonVersion),
      OKEN_UV_IMAGE: settings.uvImage,
    },
    gatewayConfig: JSON.stringify(gateway),
    gatewayCommand: ["/usr/local/bin/python3", "-I", `${BUILDER}/gateway.py`],
    buildCommand: ["/usr/local/bin/python3", "-I", `${BUILDER}/build.py`],
  };
}

/** What came out of it, checked: the list if it made one, and the wheels by package. */
export function madeList(options: {
  plan: DependencyPlan;
  lock: { file: LockFile; text: string } | undefined;
  /** Names and paths of the files that came out. */
  files: Record<string, string>;
  /** Text of the list that came out. */
  text: string | undefined;
  settings: BuildSettings;
}): MadeList {
  const { plan, lock, files } = options;
  const text = withTls(options.text ?? "", splitCredentials(options.settings));
  const wheels = Object.fromEntries(
    Object.entries(files).flatMap(([name, path]) => {
      const project = name.split("-")[0];
      return name.endsWith(".whl") && project !== undefined ? [[canonicalName(project), path] as const] : [];
    }),
  );
  if (lock !== undefined) return { lock, wheels };
  const file = plan.lock ?? "requirements.lock";
  const list = text.replaceAll(`file://${BUILDER}/files/`, LOCAL_FILE_PLACEHOLDER);
  const checked = file === "requirements.lock" ? checkedLock(list, WORK) : list;
  const indexes = plan.files["indexes"] ?? "";
  return { lock: { file, text: file === "requirements.lock" ? `${indexes}${checked}` : checked }, wheels };
}

function resolutionOf({ lock }: DependencyPlan): "lock" | "compile" | null {
  if (lock === undefined) return null;
  return lock === "uv.lock" ? "lock" : "compile";
}

/** Where a project of the upload is in the container; its path, since errors name it. */
function placeOf(directory: string): string {
  return directory === "." ? "the-upload" : directory;
}

function withBuilderFiles(text: string): string {
  return text.replaceAll(LOCAL_FILE_PLACEHOLDER, `file://${BUILDER}/files/`);
}

function requirement(lock: { file: LockFile; text: string } | undefined, name: string): string {
  const found = lock === undefined ? undefined : requirementOf(lock, name);
  if (found === undefined) {
    throw dependencyError(
      "needs_build",
      `${name} must be built from source, but the list does not say from which.`,
      "Depend on a release that has wheels.",
    );
  }
  return found;
}

async function copyTree(from: string, to: string): Promise<void> {
  await cp(from, to, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !NOT_COPIED.test(path.slice(from.length)),
  });
}
