import type { TomlTable } from "smol-toml";

import { poetryContentHashes } from "./poetry-hash.ts";
import { exactLock, requirementsText } from "./lock.ts";
import { canonicalName, parseRequirement } from "./names.ts";
import type { DependencyPlan, DependencyStyle } from "./plan.ts";
import { newPlan } from "./plan.ts";
import { dependencyError } from "../lib/dependency-error.ts";
import { poetryRequirements } from "./poetry.ts";
import { addLocalProject } from "./project.ts";
import type { Pyproject } from "../manifest/pyproject.ts";
import { parseDependencyToml } from "../manifest/pyproject.ts";
import { stringOf, strings, table, tables } from "../manifest/toml.ts";
import type { SourceTree } from "../upload/tree.ts";
import { archiveUrl } from "./vcs.ts";

type Foreign = {
  file: "poetry.lock" | "pdm.lock";
  command: string;
  /** Group of the packages that run the project. */
  group: string;
  /** Keys under which a package's groups and marker are. */
  marker: string;
};

const POETRY: Foreign = { file: "poetry.lock", command: "poetry lock", group: "main", marker: "markers" };
const PDM: Foreign = { file: "pdm.lock", command: "pdm lock", group: "default", marker: "marker" };

export function planPoetryLock(
  tree: SourceTree,
  text: string,
  pyproject: Pyproject,
): Promise<DependencyPlan> {
  return planForeignLock({ tree, text, pyproject, foreign: POETRY });
}

export function planPdmLock(tree: SourceTree, text: string, pyproject: Pyproject): Promise<DependencyPlan> {
  return planForeignLock({ tree, text, pyproject, foreign: PDM });
}

/**
 * Another tool's lock. Where each package says which groups it is for (Poetry's format 2.1, PDM's `inherit_metadata`)
 * it is read as the exact list that it is. Where not, its versions bind the resolving of what the project asks for,
 * which comes to the same packages.
 */
async function planForeignLock(options: {
  tree: SourceTree;
  text: string;
  pyproject: Pyproject;
  foreign: Foreign;
}): Promise<DependencyPlan> {
  const { tree, text, pyproject, foreign } = options;
  const lock = parseDependencyToml(text, foreign.file);
  const packages = tables(lock["package"]);
  const poetry = table(pyproject.tool["poetry"]);
  const wanted = wantedBy(pyproject, poetry);
  checkDrift({ lock, packages, wanted, pyproject, foreign });

  const plan = newPlan({
    style: foreign.file satisfies DependencyStyle,
    reason: `${foreign.file} lists every package exactly`,
    lock: "requirements.lock",
    locked: true,
  });
  for (const directory of wanted.localDirectories) await addLocalProject(tree, plan, { directory });
  const grouped = packages.every((entry) => Array.isArray(entry["groups"]));
  if (grouped) {
    const lines = new Map<string, string>();
    for (const entry of packages) await addPackage({ tree, plan, entry, foreign, lines });
    plan.files["requirements.lock"] = exactLock([...indexLines(packages), ...lines.values()].join("\n"));
  } else {
    plan.locked = false;
    plan.reason = `${foreign.file} says the versions; its format does not say which are for running`;
    plan.files["indexes"] = `${indexLines(packages).join("\n")}\n`;
    plan.files["requirements.in"] = requirementsText(wanted.lines);
    plan.files["constraints.txt"] = requirementsText(packages.flatMap(pin));
    plan.compileFlags = ["--constraint", "constraints.txt", "requirements.in"];
  }
  return plan;
}

async function addPackage(options: {
  tree: SourceTree;
  plan: DependencyPlan;
  entry: TomlTable;
  foreign: Foreign;
  lines: Map<string, string>;
}): Promise<void> {
  const { tree, plan, entry, foreign, lines } = options;
  const name = stringOf(entry["name"]) ?? "";
  const groups = strings(entry["groups"]);
  if (!groups.includes(foreign.group) || entry["optional"] === true) return;
  const source = table(entry["source"]) ?? {};
  const type = stringOf(source["type"]);
  const directory = type === "directory" ? stringOf(source["url"]) : stringOf(entry["path"]);
  if (directory !== undefined) {
    await addLocalProject(tree, plan, { directory, name });
    return;
  }
  const git = type === "git" ? stringOf(source["url"]) : stringOf(entry["git"]);
  if (git !== undefined) {
    const revision = stringOf(source["resolved_reference"]) ?? stringOf(entry["revision"]) ?? "HEAD";
    const archive = archiveUrl(`git+${git.replace(/\.git$/, "")}@${revision}`, name);
    if (archive !== undefined) plan.sdists[canonicalName(name)] = `${name} @ ${archive.url}`;
    return;
  }
  const url = type === "url" ? stringOf(source["url"]) : stringOf(entry["url"]);
  const target = url === undefined ? `==${stringOf(entry["version"]) ?? ""}` : ` @ ${url}`;
  const given = entry[foreign.marker];
  const marker = stringOf(given) ?? stringOf(table(given)?.[foreign.group]);
  const hashes = tables(entry["files"]).flatMap((file) => stringOf(file["hash"]) ?? []);
  const key = `${canonicalName(name)}${target}`;
  // PDM has a package once more for each of its extras.
  if (lines.has(key) && marker !== undefined) return;
  const condition = marker === undefined ? "" : ` ; ${marker}`;
  lines.set(
    key,
    [`${name}${target}${condition}`, ...hashes.map((hash) => `    --hash=${hash}`)].join(" \\\n"),
  );
}

function pin(entry: TomlTable): string[] {
  const name = stringOf(entry["name"]);
  const version = stringOf(entry["version"]);
  const type = stringOf(table(entry["source"])?.["type"]);
  const listed = name !== undefined && version !== undefined && (type === undefined || type === "legacy");
  return listed ? [`${name}==${version}`] : [];
}

function indexLines(packages: TomlTable[]): string[] {
  const urls = packages.flatMap((entry) => {
    const source = table(entry["source"]);
    const url = stringOf(source?.["url"]);
    return source?.["type"] === "legacy" && url !== undefined && /^https?:\/\/[^\s'"]+$/.test(url)
      ? [url]
      : [];
  });
  return [...new Set(urls)].map((url) => `--extra-index-url ${url}`);
}

type Wanted = { lines: string[]; names: string[]; localDirectories: string[] };

function wantedBy({ project }: Pyproject, poetry: TomlTable | undefined): Wanted {
  const lines = strings(project?.["dependencies"]);
  // Poetry's own table then only adds sources to what [project] asks for.
  if (poetry === undefined || lines.length > 0) {
    return {
      lines,
      names: lines.flatMap((line) => parseRequirement(line)?.name ?? []),
      localDirectories: [],
    };
  }
  return poetryRequirements(poetry);
}

function checkDrift(options: {
  lock: TomlTable;
  packages: TomlTable[];
  wanted: Wanted;
  pyproject: Pyproject;
  foreign: Foreign;
}): void {
  const { lock, packages, wanted, pyproject, foreign } = options;
  const locked = new Set(packages.map((entry) => canonicalName(stringOf(entry["name"]) ?? "")));
  const absent = wanted.names.find((name) => !locked.has(name));
  const hash = stringOf(table(lock["metadata"])?.["content-hash"]);
  const edited = foreign === POETRY && hash !== undefined && !poetryContentHashes(pyproject).includes(hash);
  if (absent === undefined && !edited) return;
  const difference =
    absent === undefined ? "pyproject.toml was edited since it was made" : `it does not have \`${absent}\``;
  throw dependencyError(
    "lock_drift",
    `${foreign.file} no longer matches pyproject.toml: ${difference}. Run \`${foreign.command}\`.`,
    `Run \`${foreign.command}\` and deploy again.`,
  );
}
