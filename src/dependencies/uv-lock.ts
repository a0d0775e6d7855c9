import { posix } from "node:path";

import type { TomlTable } from "smol-toml";

import type { DependencyPlan } from "./plan.ts";
import { newPlan } from "./plan.ts";
import { dependencyError } from "../lib/dependency-error.ts";
import { canonicalName, normalSpecifier, parseRequirement } from "./names.ts";
import { addLocalArchive, addLocalProject } from "./project.ts";
import type { Pyproject } from "../manifest/pyproject.ts";
import { installPyproject } from "./pyproject.ts";
import { parseDependencyToml } from "../manifest/pyproject.ts";
import { stringOf, strings, table, tables } from "../manifest/toml.ts";
import { isPypi } from "./pypi.ts";
import { EMPTY_SCRIPT, SCRIPT_FILE } from "./script-lock.ts";
import type { SourceTree } from "../upload/tree.ts";
import { insideTree } from "../upload/tree.ts";
import { archiveUrl } from "./vcs.ts";

/** A lock in uv's format, what it was made from, and how it is made again. */
type Lock = { file: string; project: string; command: string };

const PROJECT: Lock = { file: "uv.lock", project: "pyproject.toml", command: "uv lock" };

/**
 * An uploaded `uv.lock`. Whether it still matches is decided here, by comparing what it says it was made from with
 * `pyproject.toml`: `uv lock --check` would also refuse a new version of the project or another index, and would run the
 * project's build backend where its metadata is dynamic.
 */
export async function planUvLock(
  tree: SourceTree,
  text: string,
  pyproject: Pyproject,
): Promise<DependencyPlan> {
  const packages = tables(parseLock(text, PROJECT)["package"]);
  const name = stringOf(pyproject.project?.["name"]);
  if (name !== undefined) checkDrift(packages, name, pyproject);
  const plan = newPlan({
    style: "uv.lock",
    reason: "uv.lock lists every package exactly",
    lock: "uv.lock",
    locked: true,
    files: { "uv.lock": text, "pyproject.toml": installPyproject(pyproject) },
  });
  for (const entry of packages) await addPackage(tree, plan, { entry, lock: PROJECT });
  return plan;
}

/** The lock beside a script, which `uv lock --script` makes of its inline metadata. */
export async function planScriptLock(
  tree: SourceTree,
  text: string,
  { script, file }: { script: Pyproject; file: string },
): Promise<DependencyPlan> {
  const lock: Lock = { file: `${file}.lock`, project: file, command: `uv lock --script ${file}` };
  const parsed = parseLock(text, lock);
  const packages = tables(parsed["package"]);
  const requirements = tables(table(parsed["manifest"])?.["requirements"]);
  compare(strings(script.project?.["dependencies"]), requirements, { lock, where: "dependencies" });
  const wanted = stringOf(script.project?.["requires-python"]);
  const locked = stringOf(parsed["requires-python"]) ?? "";
  if (wanted !== undefined && normalSpecifier(wanted) !== normalSpecifier(locked)) {
    throw drift(lock, `${file} asks for Python \`${wanted}\`, and it was made for \`${locked}\``);
  }
  const plan = newPlan({
    style: `${file}.lock`,
    reason: `${lock.file} lists every package exactly`,
    lock: "uv.lock",
    locked: true,
    files: { "uv.lock": text, [SCRIPT_FILE]: EMPTY_SCRIPT, indexes: indexLines(packages) },
  });
  for (const entry of packages) await addPackage(tree, plan, { entry, lock });
  return plan;
}

/** Indexes other than PyPI, which a list of names and hashes no longer has. */
function indexLines(packages: TomlTable[]): string {
  const registries = packages.flatMap((entry) => stringOf(table(entry["source"])?.["registry"]) ?? []);
  const urls = [...new Set(registries)].filter((url) => /^https?:\/\/[^\s'"]+$/.test(url) && !isPypi(url));
  return urls.map((url) => `--extra-index-url ${url}\n`).join("");
}

function parseLock(text: string, { file, command }: Lock): TomlTable {
  const lock = parseDependencyToml(text, file);
  if (lock["version"] === 1) return lock;
  throw dependencyError(
    "lock_unreadable",
    `${file} has the format version ${JSON.stringify(lock["version"] ?? null)}; 1 is known.`,
    `Run \`${command}\` with a current uv and deploy again.`,
  );
}

async function addPackage(
  tree: SourceTree,
  plan: DependencyPlan,
  { entry, lock }: { entry: TomlTable; lock: Lock },
): Promise<void> {
  const source = table(entry["source"]) ?? {};
  const name = stringOf(entry["name"]) ?? "";
  const from = posix.dirname(lock.file);
  const directory = placeOf(from, stringOf(source["editable"]) ?? stringOf(source["directory"]));
  const file = placeOf(from, stringOf(source["path"]));
  const git = stringOf(source["git"]);
  if (directory !== undefined) {
    await addLocalProject(tree, plan, { directory, name });
  } else if (file !== undefined) {
    const path = insideTree(file);
    if (path === undefined || !(await tree.has(path)))
      throw missing(`${lock.file} takes ${name} from ${file}`, file);
    addLocalArchive(plan, name, path);
  } else if (git !== undefined) {
    const [repository = "", commit = ""] = git.replace(/\?[^#]*/, "").split("#");
    const subdirectory = /[?&]subdirectory=([^#&]+)/.exec(git)?.[1];
    const fragment = subdirectory === undefined ? "" : `#subdirectory=${decodeURIComponent(subdirectory)}`;
    const archive = archiveUrl(`git+${repository}@${commit}${fragment}`, name);
    if (archive !== undefined) plan.sdists[canonicalName(name)] = `${name} @ ${archive.url}`;
  }
}

/** Paths in a lock are from its own directory. */
function placeOf(directory: string, path: string | undefined): string | undefined {
  return path === undefined ? undefined : posix.join(directory, path);
}

function missing(says: string, path: string) {
  return dependencyError(
    "missing_file",
    `${says}, which is not in the upload.`,
    `Add ${path} to the upload.`,
  );
}

function checkDrift(packages: TomlTable[], name: string, pyproject: Pyproject): void {
  const own = packages.find((entry) => canonicalName(stringOf(entry["name"]) ?? "") === canonicalName(name));
  if (own === undefined) throw drift(PROJECT, `it locks no project named ${name}`);
  const metadata = table(own["metadata"]);
  const dynamic = pyproject.project?.["dynamic"];
  if (metadata === undefined || (Array.isArray(dynamic) && dynamic.length > 0)) return;
  const locked = tables(metadata["requires-dist"]);
  const wanted = [
    ...strings(pyproject.project?.["dependencies"]),
    ...Object.values(table(pyproject.project?.["optional-dependencies"]) ?? {}).flatMap(strings),
  ];
  compare(wanted, locked, { lock: PROJECT, where: "dependencies" });
  const groups = table(metadata["requires-dev"]) ?? {};
  for (const [group, requirements] of Object.entries(pyproject.groups ?? {})) {
    const lockedGroup = Object.entries(groups).find(([key]) => canonicalName(key) === canonicalName(group));
    // A group that includes another is written out in the lock, so only its own lines are compared.
    const included = Array.isArray(requirements) && requirements.some((item) => typeof item !== "string");
    if (included) continue;
    const where = `the group ${group}`;
    compare(strings(requirements), tables(lockedGroup?.[1]), { lock: PROJECT, where });
  }
}

function compare(
  wanted: string[],
  locked: TomlTable[],
  { lock, where }: { lock: Lock; where: string },
): void {
  const wantedKeys = new Map<string, string>();
  for (const text of wanted) {
    const requirement = parseRequirement(text);
    if (requirement === undefined) continue;
    const { name, extras, url, specifier } = requirement;
    wantedKeys.set(`${withExtras(name, extras)} ${url ? "" : specifier}`, text);
  }
  const lockedKeys = new Map<string, string>();
  for (const entry of locked) {
    const name = withExtras(canonicalName(stringOf(entry["name"]) ?? ""), strings(entry["extras"]));
    const specifier = normalSpecifier(stringOf(entry["specifier"]) ?? "");
    lockedKeys.set(`${name} ${specifier}`, `${name}${specifier}`);
  }
  // A package with a source of its own is locked without its version range.
  const lockedNames = new Set([...lockedKeys.keys()].filter((key) => key.endsWith(" ")));
  for (const [key, text] of wantedKeys) {
    if (!lockedKeys.has(key) && !lockedNames.has(`${key.split(" ")[0]} `)) {
      throw drift(lock, `${lock.project} asks for \`${text}\` in ${where}, which it does not have`);
    }
  }
  const wantedNames = new Set([...wantedKeys.keys()].map((key) => key.split(" ")[0]));
  for (const [key, text] of lockedKeys) {
    if (!wantedNames.has(key.split(" ")[0])) {
      throw drift(lock, `it has \`${text}\`, which ${lock.project} no longer asks for in ${where}`);
    }
  }
}

function withExtras(name: string, extras: string[]): string {
  return extras.length === 0 ? name : `${name}[${extras.toSorted().join(",")}]`;
}

function drift({ file, project, command }: Lock, difference: string) {
  return dependencyError(
    "lock_drift",
    `${file} no longer matches ${project}: ${difference}. Run \`${command}\`.`,
    `Run \`${command}\` and deploy again.`,
  );
}
