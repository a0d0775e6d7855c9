import { posix } from "node:path";

import { dependencyError } from "../lib/dependency-error.ts";
import { installPyproject } from "./pyproject.ts";
import { parseDependencyToml, type Pyproject } from "../manifest/pyproject.ts";
import { stringOf, table, tables, type TomlTable } from "../manifest/toml.ts";
import { insideTree, type SourceTree } from "../upload/tree.ts";
import { type LockOrigin, lockUnreadable } from "./drift.ts";
import { extraIndexLines } from "./index-urls.ts";
import { canonicalName } from "./names.ts";
import { type DependencyPlan, newPlan } from "./plan.ts";
import { addLocalArchive, addLocalProject } from "./project.ts";
import { assertProjectLock, assertScriptLock } from "./uv-lock-drift.ts";
import { archiveUrl } from "./vcs.ts";

// Our own reader: npm has none for uv's locks. `uv lock --check` does not serve either. It also refuses a new version of
// the project or another index, and runs the project's build backend where its metadata is dynamic.

/** Under this name a script stands beside its lock while uv reads that. Only the lock says what is installed. */
export const SCRIPT_FILE = "script.py";
const EMPTY_SCRIPT = "# /// script\n# dependencies = []\n# ///\n";

const PROJECT: LockOrigin = { file: "uv.lock", project: "pyproject.toml", command: "uv lock" };

/** @throws RunnerError BUILD_FAILED when the lock cannot be read, or no longer matches `pyproject` */
export async function planUvLock(
  tree: SourceTree,
  text: string,
  pyproject: Pyproject,
): Promise<DependencyPlan> {
  const packages = tables(parseLock(text, PROJECT)["package"]);
  assertProjectLock(packages, pyproject, PROJECT);
  const plan = newPlan({
    style: "uv.lock",
    reason: "uv.lock lists every package exactly",
    lock: "uv.lock",
    locked: true,
    files: { "uv.lock": text, "pyproject.toml": installPyproject(pyproject) },
  });
  for (const entry of packages) await addPackage(tree, plan, { entry, origin: PROJECT });
  return plan;
}

/** The lock that `uv lock --script` writes beside a script with inline metadata. */
export async function planScriptLock(
  tree: SourceTree,
  text: string,
  { script, file }: { script: Pyproject; file: string },
): Promise<DependencyPlan> {
  const origin: LockOrigin = { file: `${file}.lock`, project: file, command: `uv lock --script ${file}` };
  const lock = parseLock(text, origin);
  const packages = tables(lock["package"]);
  assertScriptLock(lock, script, origin);
  const indexes = extraIndexLines(registries(packages)).map((line) => `${line}\n`);
  const plan = newPlan({
    style: `${file}.lock`,
    reason: `${origin.file} lists every package exactly`,
    lock: "uv.lock",
    locked: true,
    // The build turns the lock into a `requirements.lock`, which does not say where its packages are.
    files: { "uv.lock": text, [SCRIPT_FILE]: EMPTY_SCRIPT, indexes: indexes.join("") },
  });
  for (const entry of packages) await addPackage(tree, plan, { entry, origin });
  return plan;
}

function registries(packages: TomlTable[]): string[] {
  return packages.flatMap((entry) => stringOf(table(entry["source"])?.["registry"]) ?? []);
}

function parseLock(text: string, origin: LockOrigin): TomlTable {
  const lock = parseDependencyToml(text, origin.file);
  if (lock["version"] === 1) return lock;
  const format = JSON.stringify(lock["version"] ?? null);
  throw lockUnreadable(origin, `its format is version ${format}, and 1 is supported`);
}

/** Notes a package that comes from the upload, or from a repository. uv installs the others from the lock. */
async function addPackage(
  tree: SourceTree,
  plan: DependencyPlan,
  { entry, origin }: { entry: TomlTable; origin: LockOrigin },
): Promise<void> {
  const source = table(entry["source"]) ?? {};
  const name = stringOf(entry["name"]) ?? "";
  const from = posix.dirname(origin.file);
  const directory = placeOf(from, stringOf(source["editable"]) ?? stringOf(source["directory"]));
  const file = placeOf(from, stringOf(source["path"]));
  const git = stringOf(source["git"]);
  if (directory !== undefined) {
    await addLocalProject(tree, plan, { directory, name });
  } else if (file !== undefined) {
    const path = insideTree(file);
    if (path === undefined || !(await tree.has(path))) throw missingFile(origin, name, file);
    addLocalArchive(plan, name, path);
  } else if (git !== undefined) {
    const archive = archiveUrl(repositoryOf(git), name);
    if (archive !== undefined) plan.sdists[canonicalName(name)] = `${name} @ ${archive.url}`;
  }
}

/** Paths in a lock are relative to its own directory. */
function placeOf(directory: string, path: string | undefined): string | undefined {
  return path === undefined ? undefined : posix.join(directory, path);
}

/** `https://host/a/b?subdirectory=c#commit` of a lock as the address that pip has. */
function repositoryOf(git: string): string {
  const [repository = "", commit = ""] = git.replace(/\?[^#]*/, "").split("#");
  const subdirectory = /[?&]subdirectory=([^#&]+)/.exec(git)?.[1];
  const fragment = subdirectory === undefined ? "" : `#subdirectory=${decodeURIComponent(subdirectory)}`;
  return `git+${repository}@${commit}${fragment}`;
}

function missingFile({ file }: LockOrigin, name: string, path: string) {
  return dependencyError(
    "missing_file",
    `${file} takes ${name} from ${path}, which is not in the upload.`,
    `Add ${path} to the upload.`,
  );
}
