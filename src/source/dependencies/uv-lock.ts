import type { TomlTable } from "smol-toml";

import type { DependencyPlan } from "./plan.ts";
import { dependencyError, newPlan } from "./plan.ts";
import { canonicalName, normalSpecifier, parseRequirement } from "./names.ts";
import { addLocalArchive, addLocalProject } from "./project.ts";
import type { Pyproject } from "./pyproject.ts";
import { installPyproject, parseToml, stringOf, strings, table, tables } from "./pyproject.ts";
import type { SourceTree } from "./tree.ts";
import { insideTree } from "./tree.ts";
import { archiveUrl } from "./vcs.ts";

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
  const lock = parseToml(text, "uv.lock");
  if (lock["version"] !== 1) {
    throw dependencyError(
      "lock_unreadable",
      `uv.lock has the format version ${JSON.stringify(lock["version"] ?? null)}; 1 is known.`,
      "Run `uv lock` with a current uv and deploy again.",
    );
  }
  const packages = tables(lock["package"]);
  const name = stringOf(pyproject.project?.["name"]);
  if (name !== undefined) checkDrift(packages, name, pyproject);
  const plan = newPlan({
    style: "uv.lock",
    reason: "uv.lock lists every package exactly",
    lock: "uv.lock",
    locked: true,
    files: { "uv.lock": text, "pyproject.toml": installPyproject(pyproject) },
  });
  for (const entry of packages) await addPackage(tree, plan, entry);
  return plan;
}

async function addPackage(tree: SourceTree, plan: DependencyPlan, entry: TomlTable): Promise<void> {
  const source = table(entry["source"]) ?? {};
  const name = stringOf(entry["name"]) ?? "";
  const directory = stringOf(source["editable"]) ?? stringOf(source["directory"]);
  const file = stringOf(source["path"]);
  const git = stringOf(source["git"]);
  if (directory !== undefined) {
    await addLocalProject(tree, plan, { directory, name });
  } else if (file !== undefined) {
    const path = insideTree(file);
    if (path === undefined || !(await tree.has(path)))
      throw missing(`uv.lock takes ${name} from ${file}`, file);
    addLocalArchive(plan, name, path);
  } else if (git !== undefined) {
    const [repository = "", commit = ""] = git.replace(/\?[^#]*/, "").split("#");
    const subdirectory = /[?&]subdirectory=([^#&]+)/.exec(git)?.[1];
    const fragment = subdirectory === undefined ? "" : `#subdirectory=${decodeURIComponent(subdirectory)}`;
    const archive = archiveUrl(`git+${repository}@${commit}${fragment}`, name);
    if (archive !== undefined) plan.sources[canonicalName(name)] = `${name} @ ${archive.url}`;
  }
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
  if (own === undefined) throw drift(`it locks no project named ${name}`);
  const metadata = table(own["metadata"]);
  const dynamic = pyproject.project?.["dynamic"];
  if (metadata === undefined || (Array.isArray(dynamic) && dynamic.length > 0)) return;
  const locked = tables(metadata["requires-dist"]);
  const wanted = [
    ...strings(pyproject.project?.["dependencies"]),
    ...Object.values(table(pyproject.project?.["optional-dependencies"]) ?? {}).flatMap(strings),
  ];
  compare(wanted, locked, "dependencies");
  const groups = table(metadata["requires-dev"]) ?? {};
  for (const [group, requirements] of Object.entries(pyproject.groups ?? {})) {
    const lockedGroup = Object.entries(groups).find(([key]) => canonicalName(key) === canonicalName(group));
    // A group that includes another is written out in the lock, so only its own lines are compared.
    const included = Array.isArray(requirements) && requirements.some((item) => typeof item !== "string");
    if (!included) compare(strings(requirements), tables(lockedGroup?.[1]), `the group ${group}`);
  }
}

function compare(wanted: string[], locked: TomlTable[], where: string): void {
  const wantedKeys = new Map<string, string>();
  for (const text of wanted) {
    const requirement = parseRequirement(text);
    if (requirement === undefined) continue;
    wantedKeys.set(`${requirement.name} ${requirement.url ? "" : requirement.specifier}`, text);
  }
  const lockedKeys = new Map<string, string>();
  for (const entry of locked) {
    const name = canonicalName(stringOf(entry["name"]) ?? "");
    const specifier = normalSpecifier(stringOf(entry["specifier"]) ?? "");
    lockedKeys.set(`${name} ${specifier}`, `${name}${specifier}`);
  }
  // A package with a source of its own is locked without its version range.
  const lockedNames = new Set([...lockedKeys.keys()].filter((key) => key.endsWith(" ")));
  for (const [key, text] of wantedKeys) {
    if (!lockedKeys.has(key) && !lockedNames.has(`${key.split(" ")[0]} `)) {
      throw drift(`pyproject.toml asks for \`${text}\` in ${where}, which it does not have`);
    }
  }
  const wantedNames = new Set([...wantedKeys.keys()].map((key) => key.split(" ")[0]));
  for (const [key, text] of lockedKeys) {
    if (!wantedNames.has(key.split(" ")[0])) {
      throw drift(`it has \`${text}\`, which pyproject.toml no longer asks for in ${where}`);
    }
  }
}

function drift(difference: string) {
  return dependencyError(
    "lock_drift",
    `uv.lock no longer matches pyproject.toml: ${difference}. Run \`uv lock\`.`,
    "Run `uv lock` and deploy again.",
  );
}
