import { posix } from "node:path";

import { dependencyError } from "../lib/dependency-error.ts";
import { NO_PYPROJECT, parsePyproject, type Pyproject } from "../manifest/pyproject.ts";
import { stringOf, strings, table, type TomlTable } from "../manifest/toml.ts";
import { insideTree, type SourceTree } from "../upload/tree.ts";
import { canonicalName } from "./names.ts";
import type { DependencyPlan } from "./plan.ts";
import { poetryRequirements } from "./poetry.ts";
import { LOCAL_FILE_PLACEHOLDER, readRequirements } from "./requirements.ts";
import { readSetupFiles } from "./setup-files.ts";

/** Build backends that compile. A project of any other is used where it is, without a build. */
const COMPILING_BACKENDS =
  /^(maturin|scikit_build_core|skbuild|mesonpy|setuptools_rust|py_build_cmake|sipbuild)\b/;

export type LocalSource = {
  name: string | undefined;
  version: string;
  /** Undefined when only the project's build backend knows them. */
  dependencies: string[] | undefined;
  entryPoints: Record<string, Record<string, string>>;
  /** The directory from which its packages are imported, relative to the upload's root. */
  root: string;
  /** It has code that must be built. */
  compiled: boolean;
};

/** Adds a project of the upload to the plan: as importable, or to be built if it has code to compile. */
export async function addLocalProject(
  tree: SourceTree,
  plan: DependencyPlan,
  { directory, name }: { directory: string; name?: string },
): Promise<LocalSource> {
  const path = insideTree(directory);
  if (path === undefined || !(await tree.hasDirectory(path))) {
    throw dependencyError(
      "missing_file",
      `${name ?? "A dependency"} comes from ${directory}, which is not in the upload.`,
      `Add ${directory} to the upload, or depend on a release.`,
    );
  }
  const source = await readProject(tree, path);
  if (source.compiled) {
    if (!plan.builds.includes(path)) plan.builds.push(path);
    return source;
  }
  if (!plan.importable.includes(source.root)) plan.importable.push(source.root);
  const known = source.name ?? name;
  if (known !== undefined && !plan.projects.some((project) => project.name === known)) {
    plan.projects.push({ name: known, version: source.version, entryPoints: source.entryPoints });
  }
  return source;
}

/**
 * Adds the project at the upload's root, if it has a build backend. Its root is importable in any case, but its name and
 * version, and a `src` directory, must be known too.
 */
export async function addRootProject(
  tree: SourceTree,
  plan: DependencyPlan,
  { backend }: Pyproject,
): Promise<DependencyPlan> {
  if (backend !== undefined) await addLocalProject(tree, plan, { directory: "." });
  plan.importable = plan.importable.filter((directory) => directory !== ".");
  return plan;
}

/** Adds a file of the upload that a `uv.lock` installs. A wheel is installed as it is, a source archive is built first. */
export function addLocalArchive(plan: DependencyPlan, name: string, path: string): void {
  if (path.endsWith(".whl")) {
    plan.vendored[canonicalName(name)] = path;
  } else {
    plan.copies[path] = path;
    plan.sdists[canonicalName(name)] = `${name} @ ${LOCAL_FILE_PLACEHOLDER}${path}`;
  }
}

/** What the files of a project say of it. None of its code is run. */
export async function readProject(tree: SourceTree, directory: string): Promise<LocalSource> {
  const text = await tree.text(posix.join(directory, "pyproject.toml"));
  const pyproject = text === undefined ? NO_PYPROJECT : parsePyproject(text);
  const setup = await readSetupFiles(tree, directory);
  const poetry = table(pyproject.tool["poetry"]);
  const project = pyproject.project;
  return {
    name: stringOf(project?.["name"]) ?? stringOf(poetry?.["name"]) ?? setup?.name,
    version: stringOf(project?.["version"]) ?? stringOf(poetry?.["version"]) ?? setup?.version ?? "0",
    dependencies: (await writtenDependencies(tree, directory, pyproject)) ?? setup?.dependencies,
    entryPoints: entryPointsOf(project, poetry),
    root: await importRoot(tree, directory, pyproject),
    compiled:
      (setup?.compiled ?? false) ||
      (pyproject.backend !== undefined && COMPILING_BACKENDS.test(pyproject.backend)) ||
      table(table(pyproject.tool["setuptools"])?.["ext-modules"]) !== undefined,
  };
}

/** The dependencies that `pyproject.toml` names, itself or by a file. */
async function writtenDependencies(
  tree: SourceTree,
  directory: string,
  { project, tool }: Pyproject,
): Promise<string[] | undefined> {
  if (project === undefined) {
    const poetry = table(tool["poetry"]);
    return poetry === undefined ? undefined : poetryRequirements(poetry).lines;
  }
  if (!strings(project["dynamic"]).includes("dependencies")) return strings(project["dependencies"]);
  const files = table(table(table(tool["setuptools"])?.["dynamic"])?.["dependencies"])?.["file"];
  if (files === undefined) return undefined;
  const paths = typeof files === "string" ? [files] : strings(files);
  const read = paths.map((file) => readRequirements(tree, posix.join(directory, file)));
  return (await Promise.all(read)).flatMap(({ lines }) => lines);
}

function entryPointsOf(
  project: TomlTable | undefined,
  poetry: TomlTable | undefined,
): Record<string, Record<string, string>> {
  const groups: Record<string, unknown> = {
    ...table(project?.["entry-points"]),
    ...table(poetry?.["plugins"]),
    console_scripts: project?.["scripts"] ?? poetry?.["scripts"],
    gui_scripts: project?.["gui-scripts"],
  };
  const found: Record<string, Record<string, string>> = {};
  for (const [group, entries] of Object.entries(groups)) {
    const lines = Object.entries(table(entries) ?? {}).flatMap(([name, value]) =>
      typeof value === "string" && isPlain(name) && isPlain(value) && isPlain(group)
        ? [[name, value] as const]
        : [],
    );
    if (lines.length > 0) found[group] = Object.fromEntries(lines);
  }
  return found;
}

/** Without a character that would make two lines of one in `entry_points.txt`, or a section. */
function isPlain(text: string): boolean {
  return /^[^\r\n[\]=]+$/.test(text) || /^[\w.:\- ]+(\[[\w, -]*\])?$/.test(text);
}

async function importRoot(tree: SourceTree, directory: string, { tool }: Pyproject): Promise<string> {
  const setuptools = table(tool["setuptools"]);
  const where = table(table(setuptools?.["packages"])?.["find"])?.["where"];
  const hatch = table(table(table(table(tool["hatch"])?.["build"])?.["targets"])?.["wheel"])?.["packages"];
  const poetry = table(tool["poetry"])?.["packages"];
  const poetryFrom = Array.isArray(poetry) ? stringOf(table(poetry[0])?.["from"]) : undefined;
  const candidates = [
    stringOf(table(setuptools?.["package-dir"])?.[""]),
    Array.isArray(where) ? stringOf(where[0]) : undefined,
    Array.isArray(hatch) ? posix.dirname(stringOf(hatch[0]) ?? "") : undefined,
    poetryFrom,
    stringOf(table(table(tool["uv"])?.["build-backend"])?.["module-root"]),
    "src",
  ];
  for (const candidate of candidates) {
    if (candidate === undefined) continue;
    const path = insideTree(posix.join(directory, candidate));
    if (path !== undefined && (await tree.hasDirectory(path))) return path;
  }
  return directory;
}
