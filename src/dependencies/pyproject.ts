import { posix } from "node:path";

import { stringify } from "smol-toml";

import { dependencyError } from "../lib/dependency-error.ts";
import type { Pyproject } from "../manifest/pyproject.ts";
import { stringOf, table, type TomlTable } from "../manifest/toml.ts";
import { defaultGroups, ownRequirements } from "./groups.ts";
import { flawOf } from "./flaws.ts";
import { canonicalName } from "./names.ts";
import { nameOf, type Reached, reachedFrom } from "./reach.ts";
import { reachedIndexes, reachedSources } from "./sources.ts";
import { markerOf, pythonOf, type Target } from "./target.ts";

/** Keys of `[tool.uv]` that say what to install. How to build and where to look is for the runner to decide. */
const KEPT_UV_KEYS = ["constraint-dependencies", "override-dependencies", "workspace"];

/** Characters of a requirement in a message. */
const MAX_SHOWN = 200;

/** A project of the upload with what is known of it, and its directory. */
export type PlacedProject = { directory: string; pyproject: Pyproject };

/**
 * The `pyproject.toml` files from which `uv lock` resolves what the agent installs, for the agent's own Python and
 * machine: nothing that only other Pythons, groups or extras need can stop a deploy. They have no build backend that
 * would run, and no setting that would change the install. An edit of a comment or of the version does not make the
 * resolution run again. `indexes` are the URLs that they name.
 */
export function resolveFiles(
  root: Pyproject,
  others: PlacedProject[],
  target: Target,
): { files: Record<string, string>; indexes: string[] } {
  const reached = reachedFrom(
    root,
    others.map(({ pyproject }) => pyproject),
  );
  const projects = [{ directory: ".", pyproject: root }, ...others].map(({ directory, pyproject }) => {
    const found = reached.get(nameOf(pyproject));
    assertReadable(found?.requirements ?? [], directory);
    return { directory, pyproject, reached: found, sources: reachedSources(pyproject, found) };
  });
  const sources = projects.map((project) => project.sources);
  const texts = projects.map((project) => {
    const uv = uvTable(project, { sources, target });
    const text = stringify({ project: reducedProject(project, target), tool: { uv } });
    return [posix.join(project.directory, "pyproject.toml"), text] as const;
  });
  const indexes = projects.flatMap(({ pyproject }) => reachedIndexes(pyproject, sources));
  return { files: Object.fromEntries(texts), indexes: indexes.flatMap(({ url }) => stringOf(url) ?? []) };
}

/** `pyproject.toml` with only what installing from a `uv.lock` reads. The packages are in the lock. */
export function installPyproject(pyproject: Pyproject): string {
  const { project, groups } = pyproject;
  const name = stringOf(project?.["name"]);
  const defaults = defaultGroups(pyproject);
  const named = Object.keys(groups ?? {}).filter((group) => defaults.includes(canonicalName(group)));
  return stringify({
    ...(name === undefined ? {} : { project: { name, version: "0" } }),
    ...(named.length === 0
      ? {}
      : { "dependency-groups": Object.fromEntries(named.map((group) => [group, []])) }),
    tool: { uv: named.length === 0 ? {} : { "default-groups": named } },
  });
}

function assertReadable(requirements: string[], directory: string): void {
  for (const requirement of requirements) {
    const flaw = flawOf(requirement);
    if (flaw === undefined) continue;
    const file = posix.join(directory, "pyproject.toml");
    throw dependencyError(
      "syntax",
      `${file} asks for \`${requirement.slice(0, MAX_SHOWN)}\`: ${flaw}.`,
      `Correct it in ${file}.`,
    );
  }
}

type Found = PlacedProject & { reached: Reached | undefined; sources: TomlTable };

function uvTable(
  { directory, pyproject, sources: own }: Found,
  { sources, target }: { sources: TomlTable[]; target: Target },
): TomlTable {
  const index = reachedIndexes(pyproject, sources);
  return {
    ...pick(table(pyproject.tool["uv"]) ?? {}, KEPT_UV_KEYS),
    ...(directory === "." ? { environments: [markerOf(target)] } : {}),
    ...(index.length === 0 ? {} : { index }),
    ...(Object.keys(own).length === 0 ? {} : { sources: own }),
    package: false,
  };
}

/** A project from which nothing is installed is only named. */
function reducedProject({ directory, pyproject, reached }: Found, target: Target): TomlTable {
  const project = pyproject.project ?? {};
  const name = stringOf(project["name"]) ?? "";
  if (reached === undefined) return { name, version: "0" };
  const isRoot = directory === ".";
  const written = stringOf(project["requires-python"]);
  const python = isRoot ? pythonOf(target, written) : written;
  const extras = Object.entries(table(project["optional-dependencies"]) ?? {}).filter(([extra]) =>
    reached.extras.has(canonicalName(extra)),
  );
  return {
    name,
    version: "0",
    ...(python === undefined ? {} : { "requires-python": python }),
    dependencies: isRoot ? ownRequirements(pyproject) : (project["dependencies"] ?? []),
    ...(extras.length === 0 ? {} : { "optional-dependencies": Object.fromEntries(extras) }),
  };
}

function pick(from: TomlTable, keys: string[]): TomlTable {
  return Object.fromEntries(
    keys.flatMap((key) => {
      const value = from[key];
      return value === undefined ? [] : [[key, value] as const];
    }),
  );
}
