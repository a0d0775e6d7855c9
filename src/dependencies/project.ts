import { posix } from "node:path";

import type { TomlTable } from "smol-toml";

import { canonicalName } from "./names.ts";
import type { DependencyPlan } from "./plan.ts";
import { dependencyError } from "../lib/dependency-error.ts";
import { poetryRequirements } from "./poetry.ts";
import type { Pyproject } from "../manifest/pyproject.ts";
import { parsePyproject } from "../manifest/pyproject.ts";
import { stringOf, strings, table } from "../manifest/toml.ts";
import { LOCAL_FILE_PLACEHOLDER, readRequirements } from "./requirements.ts";
import { readSetupFiles } from "./setup-files.ts";
import type { SourceTree } from "../upload/tree.ts";
import { insideTree } from "../upload/tree.ts";

/** Build backends that compile. With any other one a project's files are used where they lie. */
const COMPILING_BACKENDS =
  /^(maturin|scikit_build_core|skbuild|mesonpy|setuptools_rust|py_build_cmake|sipbuild)\b/;

export type LocalSource = {
  name: string | undefined;
  version: string;
  /** Undefined when only running the project's build backend would tell. */
  dependencies: string[] | undefined;
  entryPoints: Record<string, Record<string, string>>;
  /** Directory, relative to the upload's root, from which its packages are imported. */
  root: string;
  /** Its code must be built to be used. */
  compiled: boolean;
};

/** Makes a project in the upload importable, or has it built where it must be. */
export async function addLocalProject(
  tree: SourceTree,
  plan: DependencyPlan,
  { directory, name }: { directory: string; name?: string },
): Promise<LocalSource> {
  const path = insideTree(directory);
  if (path === undefined || !(await tree.hasDirectory(path))) {
    throw dependencyError(
      "missing_file",
      `${name ?? "A dependency"} is taken from ${directory}, which is not in the upload.`,
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

/** A file of the upload that a `uv.lock` installs: a wheel comes in as it is, a source archive is built first. */
export function addLocalArchive(plan: DependencyPlan, name: string, path: string): void {
  if (path.endsWith(".whl")) {
    plan.vendored[canonicalName(name)] = path;
  } else {
    plan.copies[path] = path;
    plan.sdists[canonicalName(name)] = `${name} @ ${LOCAL_FILE_PLACEHOLDER}${path}`;
  }
}

/** What can be known of a project without running anything of it. */
export async function readProject(tree: SourceTree, directory: string): Promise<LocalSource> {
  const at = (file: string) => (directory === "." ? file : `${directory}/${file}`);
  const text = await tree.text(at("pyproject.toml"));
  const pyproject: Pyproject =
    text === undefined
      ? { project: undefined, tool: {}, groups: undefined, backend: undefined }
      : parsePyproject(text);
  const setup = await readSetupFiles(tree, directory);
  const poetry = table(pyproject.tool["poetry"]);
  const project = pyproject.project;
  return {
    name: stringOf(project?.["name"]) ?? stringOf(poetry?.["name"]) ?? setup?.name,
    version: stringOf(project?.["version"]) ?? stringOf(poetry?.["version"]) ?? setup?.version ?? "0",
    dependencies: await dependenciesOf(tree, directory, pyproject, setup?.dependencies),
    entryPoints: entryPointsOf(project, poetry),
    root: await importRoot(tree, directory, pyproject),
    compiled:
      (setup?.compiled ?? false) ||
      (pyproject.backend !== undefined && COMPILING_BACKENDS.test(pyproject.backend)) ||
      table(table(pyproject.tool["setuptools"])?.["ext-modules"]) !== undefined,
  };
}

async function dependenciesOf(
  tree: SourceTree,
  directory: string,
  { project, tool }: Pyproject,
  fromSetup: string[] | undefined,
): Promise<string[] | undefined> {
  if (project !== undefined) {
    const dynamic = project["dynamic"];
    if (!Array.isArray(dynamic) || !dynamic.includes("dependencies")) return strings(project["dependencies"]);
    const files = table(table(table(tool["setuptools"])?.["dynamic"])?.["dependencies"])?.["file"];
    if (files === undefined) return fromSetup;
    const lists = await Promise.all(
      (typeof files === "string" ? [files] : strings(files)).map(
        async (file) => (await readRequirements(tree, posix.join(directory, file))).lines,
      ),
    );
    return lists.flat();
  }
  const poetry = table(tool["poetry"]);
  if (poetry !== undefined) return poetryRequirements(poetry).lines;
  return fromSetup;
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

/** No character by which a line of `entry_points.txt` could become two, or a section. */
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
