import { parseDependencyToml, type Pyproject } from "../manifest/pyproject.ts";
import { stringOf, strings, table, tables, type TomlTable } from "../manifest/toml.ts";
import type { SourceTree } from "../upload/tree.ts";
import { lockDrift, type LockOrigin } from "./drift.ts";
import { extraIndexLines } from "./index-urls.ts";
import { exactLock, requirementsText } from "./lock.ts";
import { canonicalName, parseRequirement } from "./names.ts";
import { type DependencyPlan, newPlan } from "./plan.ts";
import { poetryContentHashes } from "./poetry-hash.ts";
import { poetryRequirements } from "./poetry.ts";
import { addLocalProject, addRootProject } from "./project.ts";
import { archiveUrl } from "./vcs.ts";

// Our own reader. The parser of poetry.lock on npm keeps neither markers nor groups, there is none of pdm.lock, and the
// tools themselves would have to be in the image. The tests compare it with what the tools export.

/** What differs between the locks of Poetry and of PDM. */
type Tool = LockOrigin & {
  file: "poetry.lock" | "pdm.lock";
  /** The group of the packages that run the project. */
  group: string;
  /** The key under which a package has its marker. */
  marker: string;
};

const POETRY: Tool = {
  file: "poetry.lock",
  project: "pyproject.toml",
  command: "poetry lock",
  group: "main",
  marker: "markers",
};
const PDM: Tool = {
  file: "pdm.lock",
  project: "pyproject.toml",
  command: "pdm lock",
  group: "default",
  marker: "marker",
};

export function planPoetryLock(
  tree: SourceTree,
  text: string,
  pyproject: Pyproject,
): Promise<DependencyPlan> {
  return planForeignLock({ tree, text, pyproject, lockedBy: POETRY });
}

export function planPdmLock(tree: SourceTree, text: string, pyproject: Pyproject): Promise<DependencyPlan> {
  return planForeignLock({ tree, text, pyproject, lockedBy: PDM });
}

/**
 * Newer locks say of each package which groups it is for (Poetry since format 2.1, PDM with `inherit_metadata`). They are
 * installed as they are. With an older one the project's own dependencies are resolved again, bound to the lock's
 * versions, which gives the same packages.
 */
async function planForeignLock(options: {
  tree: SourceTree;
  text: string;
  pyproject: Pyproject;
  lockedBy: Tool;
}): Promise<DependencyPlan> {
  const { tree, text, pyproject, lockedBy } = options;
  const lock = parseDependencyToml(text, lockedBy.file);
  const packages = tables(lock["package"]);
  const wanted = wantedBy(pyproject);
  assertCurrent({ lock, packages, wanted, pyproject, lockedBy });
  const plan = newPlan({
    style: lockedBy.file,
    reason: `${lockedBy.file} lists every package exactly`,
    lock: "requirements.lock",
    locked: true,
  });
  for (const directory of wanted.localDirectories) await addLocalProject(tree, plan, { directory });
  const indexes = extraIndexLines(packages.flatMap(indexOf));
  if (packages.every((entry) => Array.isArray(entry["groups"]))) {
    const lines = new Map<string, string>();
    for (const entry of packages) await addPackage({ tree, plan, entry, lockedBy, lines });
    plan.files["requirements.lock"] = exactLock([...indexes, ...lines.values()].join("\n"));
    return await addRootProject(tree, plan, pyproject);
  }
  const bound: DependencyPlan = {
    ...plan,
    locked: false,
    reason: `${lockedBy.file} has the versions, but not which packages are only for development`,
    files: {
      indexes: `${indexes.join("\n")}\n`,
      "requirements.in": requirementsText(wanted.lines),
      "constraints.txt": requirementsText(packages.flatMap(pin)),
    },
    compileFlags: [
      ...["--constraint", "constraints.txt"],
      ...(indexes.length > 0 ? ["--index-strategy", "unsafe-best-match", "indexes"] : []),
      "requirements.in",
    ],
  };
  return await addRootProject(tree, bound, pyproject);
}

async function addPackage(options: {
  tree: SourceTree;
  plan: DependencyPlan;
  entry: TomlTable;
  lockedBy: Tool;
  lines: Map<string, string>;
}): Promise<void> {
  const { tree, plan, entry, lockedBy, lines } = options;
  const name = stringOf(entry["name"]) ?? "";
  const groups = strings(entry["groups"]);
  if (!groups.includes(lockedBy.group) || entry["optional"] === true) return;
  const source = sourceOf(entry);
  if (source.directory !== undefined) {
    await addLocalProject(tree, plan, { directory: source.directory, name });
    return;
  }
  if (source.git !== undefined) {
    const archive = archiveUrl(`git+${source.git.replace(/\.git$/, "")}@${source.revision}`, name);
    if (archive !== undefined) plan.sdists[canonicalName(name)] = `${name} @ ${archive.url}`;
    return;
  }
  const target = source.url === undefined ? `==${stringOf(entry["version"]) ?? ""}` : ` @ ${source.url}`;
  const given = entry[lockedBy.marker];
  const marker = stringOf(given) ?? stringOf(table(given)?.[lockedBy.group]);
  const key = `${canonicalName(name)}${target}`;
  // PDM lists a package again for each of its extras.
  if (lines.has(key) && marker !== undefined) return;
  const condition = marker === undefined ? "" : ` ; ${marker}`;
  const hashes = tables(entry["files"]).flatMap((file) => stringOf(file["hash"]) ?? []);
  const block = [`${name}${target}${condition}`, ...hashes.map((hash) => `    --hash=${hash}`)];
  lines.set(key, block.join(" \\\n"));
}

type Source = Partial<Record<"directory" | "git" | "revision" | "url", string | undefined>>;

/** Where a package comes from: Poetry has a table for it, PDM a key for each kind. */
function sourceOf(entry: TomlTable): Source {
  const source = table(entry["source"]);
  const type = stringOf(source?.["type"]);
  const of = (kind: string, key: string) => stringOf(type === kind ? source?.["url"] : entry[key]);
  return {
    directory: of("directory", "path"),
    git: of("git", "git"),
    revision: stringOf(source?.["resolved_reference"]) ?? stringOf(entry["revision"]) ?? "HEAD",
    url: of("url", "url"),
  };
}

/** `name==version`, for a package that comes from an index. */
function pin(entry: TomlTable): string[] {
  const name = stringOf(entry["name"]);
  const version = stringOf(entry["version"]);
  const type = stringOf(table(entry["source"])?.["type"]);
  const isIndexed = name !== undefined && version !== undefined && (type === undefined || type === "legacy");
  return isIndexed ? [`${name}==${version}`] : [];
}

/** The index that a package of a `poetry.lock` came from, where that is not PyPI. */
function indexOf(entry: TomlTable): string[] {
  const source = table(entry["source"]);
  const url = stringOf(source?.["url"]);
  return source?.["type"] === "legacy" && url !== undefined ? [url] : [];
}

type Wanted = { lines: string[]; names: string[]; localDirectories: string[] };

function wantedBy({ project, tool }: Pyproject): Wanted {
  const poetry = table(tool["poetry"]);
  const lines = strings(project?.["dependencies"]);
  // Beside dependencies in [project], Poetry's own table only says where they come from.
  if (poetry !== undefined && lines.length === 0) return poetryRequirements(poetry);
  const names = lines.flatMap((line) => parseRequirement(line)?.name ?? []);
  return { lines, names, localDirectories: [] };
}

function assertCurrent(options: {
  lock: TomlTable;
  packages: TomlTable[];
  wanted: Wanted;
  pyproject: Pyproject;
  lockedBy: Tool;
}): void {
  const { lock, packages, wanted, pyproject, lockedBy } = options;
  const locked = new Set(packages.map((entry) => canonicalName(stringOf(entry["name"]) ?? "")));
  const absent = wanted.names.find((name) => !locked.has(name));
  if (absent !== undefined) throw lockDrift(lockedBy, `it does not have \`${absent}\``);
  const hash = stringOf(table(lock["metadata"])?.["content-hash"]);
  if (lockedBy !== POETRY || hash === undefined || poetryContentHashes(pyproject).includes(hash)) return;
  throw lockDrift(lockedBy, "pyproject.toml was edited since it was made");
}
