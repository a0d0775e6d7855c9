import { requirementOf } from "../../dependencies/lock.ts";
import type { DependencyPlan } from "../../dependencies/plan.ts";
import { LOCAL_FILE_PLACEHOLDER } from "../../dependencies/requirements.ts";
import { dependencyError } from "../../lib/dependency-error.ts";
import { ALL_NOT_PUBLIC } from "../../lib/networks.ts";
import { IMAGE_PATHS } from "../layout.ts";
import { type Indexes, allowedHosts, splitCredentials, withoutTls } from "../indexes.ts";
import type { Resolution } from "../resolutions.ts";
import type { BuildSettings, PackageSources } from "../settings.ts";
import buildProgram from "./build.py" with { type: "text" };
import gatewayProgram from "./gateway.py" with { type: "text" };
import tunnels from "./tunnels.py" with { type: "text" };

/** Where the build program works in the container. */
export const WORK = "/work";

const BUILDER = IMAGE_PATHS.builder;

export const PROGRAMS = { "build.py": buildProgram, "gateway.py": gatewayProgram, "tunnels.py": tunnels };

export type SdistTask = {
  /** Undefined when the build is to resolve one. */
  lock: Resolution["lock"] | undefined;
  /** Canonical names of packages of the lock that are built. */
  packages: string[];
};

/** `task.json`, which tells the build program what to do, and the dependency files that it reads. */
export function taskFiles(
  plan: DependencyPlan,
  { lock, packages }: SdistTask,
  sources: PackageSources,
): Record<string, string> {
  const task = {
    resolve: lock === undefined ? resolveCommand(plan) : null,
    compileFlags: plan.compileFlags,
    findLinks: [
      ...(sources.findLinks === undefined ? [] : ["--find-links", `${BUILDER}/wheels`]),
      ...(sources.offline ? ["--no-index"] : []),
    ],
    packages: packages.map((name) => withBuilderFiles(plan.sdists[name] ?? requirement(lock, name))),
    projects: plan.builds.map(placeOf),
    environment: indexEnvironment(splitCredentials(sources)),
  };
  return { ...inputFiles(plan), "task.json": JSON.stringify(task) };
}

/** What the gateway lets through, for its own program to read. */
export function gatewayConfig(plan: DependencyPlan, { lock }: SdistTask, settings: BuildSettings): string {
  const indexes = splitCredentials(settings.packageSources);
  return JSON.stringify({
    allow: allowedHosts(indexes, {
      ...plan.files,
      lock: lock?.text ?? "",
      sdists: Object.values(plan.sdists).join("\n"),
    }),
    public: false,
    logins: indexes.credentials,
    closed: ALL_NOT_PUBLIC,
    ownAddresses: settings.ownAddresses ?? [],
    upstream: settings.proxy ?? null,
  });
}

/** Where a project of the upload is in the container. Errors name this path, so it is the project's own. */
export function placeOf(directory: string): string {
  return directory === "." ? "the-upload" : directory;
}

function inputFiles(plan: DependencyPlan): Record<string, string> {
  const files = Object.fromEntries(
    Object.entries(plan.files).map(([name, text]) => [`input/${name}`, withBuilderFiles(text)]),
  );
  if (plan.dynamic.length === 0) return files;
  const lines = plan.dynamic.map((directory) => `${WORK}/project/projects/${placeOf(directory)}\n`);
  const requirements = `${files["input/requirements.in"] ?? ""}${lines.join("")}`;
  return { ...files, "input/requirements.in": requirements };
}

function resolveCommand({ lock }: DependencyPlan): "lock" | "compile" | null {
  if (lock === undefined) return null;
  return lock === "uv.lock" ? "lock" : "compile";
}

function indexEnvironment(indexes: Indexes): Record<string, string> {
  return {
    ...(indexes.main === "" ? {} : { UV_DEFAULT_INDEX: withoutTls(indexes.main, indexes) }),
    ...(indexes.extra.length === 0 ? {} : { UV_INDEX: withoutTls(indexes.extra.join(" "), indexes) }),
  };
}

function withBuilderFiles(text: string): string {
  return text.replaceAll(LOCAL_FILE_PLACEHOLDER, `file://${BUILDER}/files/`);
}

function requirement(lock: SdistTask["lock"], name: string): string {
  const found = lock === undefined ? undefined : requirementOf(lock, name);
  if (found !== undefined) return found;
  throw dependencyError(
    "needs_build",
    `${name} must be built from source, but the lock does not say from which file.`,
    "Depend on a release that has wheels.",
  );
}
