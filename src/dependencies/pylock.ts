import { allowsMinor } from "../manifest/requires-python.ts";
import { parseDependencyToml, type Pyproject } from "../manifest/pyproject.ts";
import { stringOf, strings, table, tables, type TomlTable } from "../manifest/toml.ts";
import { dependencyError } from "../lib/dependency-error.ts";
import type { SourceTree } from "../upload/tree.ts";
import { lockUnreadable } from "./drift.ts";
import { extraIndexLines } from "./index-urls.ts";
import { exactLock } from "./lock.ts";
import { canonicalName } from "./names.ts";
import { type DependencyPlan, newPlan } from "./plan.ts";
import { addLocalProject, addRootProject } from "./project.ts";
import type { Target } from "./target.ts";
import { archiveUrl } from "./vcs.ts";

// Our own reader: npm has none. uv's is experimental, and takes files from where the lock says, also past a mirror.

const FILE = "pylock.toml";
const ORIGIN = { file: FILE, command: "uv export --format pylock.toml -o pylock.toml" };

/** The lock of PEP 751, which any tool may have written. Undefined when there is none. */
export async function planPylock(
  tree: SourceTree,
  pyproject: Pyproject | undefined,
  target: Target,
): Promise<DependencyPlan | undefined> {
  const text = await tree.text(FILE);
  if (text === undefined) return undefined;
  const lock = parseDependencyToml(text, FILE);
  const version = stringOf(lock["lock-version"]);
  if (version === undefined || !version.startsWith("1.")) {
    throw lockUnreadable(
      ORIGIN,
      `its lock-version is ${JSON.stringify(version ?? null)}, and 1.0 is supported`,
    );
  }
  assertPython(lock, target);
  const plan = newPlan({
    style: FILE,
    reason: `${FILE} lists every package exactly`,
    lock: "requirements.lock",
    locked: true,
  });
  const packages = tables(lock["packages"]);
  const groups = new Set(strings(lock["default-groups"]).map(canonicalName));
  const lines: string[] = [];
  for (const entry of packages) lines.push(...(await linesOf({ tree, plan, entry, groups })));
  const indexes = extraIndexLines(packages.flatMap((entry) => stringOf(entry["index"]) ?? []));
  if (lines.length === 0) plan.lock = undefined;
  plan.files["requirements.lock"] = exactLock([...indexes, ...lines].join("\n"));
  return pyproject === undefined ? plan : await addRootProject(tree, plan, pyproject);
}

function assertPython(lock: TomlTable, { pythonVersion }: Target): void {
  const requires = stringOf(lock["requires-python"]);
  if (requires === undefined || allowsMinor(requires, Number(pythonVersion.split(".")[1])) !== false) return;
  throw dependencyError(
    "wrong_python",
    `${FILE} was made for Python ${requires}, and the agent runs on ${pythonVersion}.`,
    `Set python_version in oken.toml to one that it allows, or make ${FILE} again.`,
  );
}

/** One package as lines of a `requirements.lock`; none for one that comes from the upload or from a repository. */
async function linesOf(options: {
  tree: SourceTree;
  plan: DependencyPlan;
  entry: TomlTable;
  groups: Set<string>;
}): Promise<string[]> {
  const { tree, plan, entry, groups } = options;
  const name = stringOf(entry["name"]) ?? "";
  const directory = stringOf(table(entry["directory"])?.["path"]);
  if (directory !== undefined) {
    await addLocalProject(tree, plan, { directory, name });
    return [];
  }
  const vcs = table(entry["vcs"]);
  if (vcs !== undefined) {
    const archive = archiveUrl(repositoryOf(vcs), name);
    if (archive !== undefined) plan.sdists[canonicalName(name)] = `${name} @ ${archive.url}`;
    return [];
  }
  const archive = table(entry["archive"]);
  const files = [...tables(entry["wheels"]), ...tables([archive, entry["sdist"]])];
  const hashes = files.flatMap((file) => hashesOf(file));
  if (hashes.length === 0) throw lockUnreadable(ORIGIN, `it has no file with a hash for ${name}`);
  const url = stringOf(archive?.["url"]);
  const version = stringOf(entry["version"]);
  const place = url === undefined ? version && `==${version}` : ` @ ${url}`;
  if (place === undefined) throw lockUnreadable(ORIGIN, `it has neither a version nor a URL for ${name}`);
  const marker = stringOf(entry["marker"]);
  const condition = marker === undefined ? "" : ` ; ${plainMarker(marker, groups)}`;
  return [[`${name}${place}${condition}`, ...hashes.map((hash) => `    --hash=${hash}`)].join(" \\\n")];
}

function hashesOf(file: TomlTable): string[] {
  return Object.entries(table(file["hashes"]) ?? {}).flatMap(([algorithm, digest]) =>
    typeof digest === "string" && /^sha(?:256|384|512)$/.test(algorithm) ? [`${algorithm}:${digest}`] : [],
  );
}

function repositoryOf(vcs: TomlTable): string {
  const url = stringOf(vcs["url"])?.replace(/^git\+/, "") ?? "";
  const commit = stringOf(vcs["commit-id"]) ?? "HEAD";
  const subdirectory = stringOf(vcs["subdirectory"]);
  return `git+${url}@${commit}${subdirectory === undefined ? "" : `#subdirectory=${subdirectory}`}`;
}

/** Only locks have markers of groups and extras. An agent has the default groups, and no extra. */
function plainMarker(marker: string, groups: Set<string>): string {
  const membership = /(['"])([\w.-]+)\1\s+(not\s+)?in\s+(dependency_groups|extras)\b/g;
  return marker.replaceAll(membership, (_, __, name: string, not: string | undefined, set: string) => {
    const isIn = set === "dependency_groups" && groups.has(canonicalName(name));
    return isIn === (not === undefined) ? "python_version >= '0'" : "python_version < '0'";
  });
}
