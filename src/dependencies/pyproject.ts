import { stringify } from "smol-toml";

import type { Pyproject } from "../manifest/pyproject.ts";
import { stringOf, strings, table, type TomlTable } from "../manifest/toml.ts";
import { archiveUrl } from "./vcs.ts";

/** Keys of `[tool.uv]` that say what to install. How to build and where to look is for the runner to decide. */
const KEPT_UV_KEYS = [
  "index",
  "constraint-dependencies",
  "override-dependencies",
  "environments",
  "required-environments",
  "conflicts",
  "workspace",
];

/**
 * `pyproject.toml` with only what resolving reads. It has no build backend that would run, and no setting that would
 * change the install. An edit of a comment or of the version does not make the resolution run again.
 */
export function resolvePyproject({ project, tool, groups }: Pyproject): string {
  const uv = table(tool["uv"]) ?? {};
  const kept = pick(uv, KEPT_UV_KEYS);
  const sources = sourcesWithoutGit(table(uv["sources"]) ?? {});
  return stringify({
    ...(project === undefined ? {} : { project: { ...reducedProject(project), version: "0" } }),
    ...(groups === undefined ? {} : { "dependency-groups": groups }),
    tool: { uv: { ...kept, package: false, ...(Object.keys(sources).length === 0 ? {} : { sources }) } },
  });
}

/** `pyproject.toml` with only what installing from a `uv.lock` reads. The packages are in the lock. */
export function installPyproject({ project, tool, groups }: Pyproject): string {
  const defaults = strings(table(tool["uv"])?.["default-groups"]);
  const name = stringOf(project?.["name"]);
  const named = Object.keys(groups ?? {}).filter((group) => defaults.includes(group));
  return stringify({
    ...(name === undefined ? {} : { project: { name, version: "0" } }),
    ...(named.length === 0
      ? {}
      : { "dependency-groups": Object.fromEntries(named.map((group) => [group, []])) }),
    tool: { uv: defaults.length === 0 ? {} : { "default-groups": defaults } },
  });
}

function reducedProject(project: TomlTable): TomlTable {
  return pick(project, ["name", "requires-python", "dependencies", "optional-dependencies"]);
}

/** Takes repositories as archives, for which no git is needed. */
function sourcesWithoutGit(sources: TomlTable): TomlTable {
  return Object.fromEntries(
    Object.entries(sources).map(([name, value]) => {
      const source = table(value);
      const git = stringOf(source?.["git"]);
      if (source === undefined || git === undefined) return [name, value];
      const revision = ["rev", "tag", "branch"]
        .map((key) => stringOf(source[key]))
        .find((text) => text !== undefined);
      const subdirectory = stringOf(source["subdirectory"]);
      const archive = archiveUrl(`git+${git}${revision === undefined ? "" : `@${revision}`}`, name);
      const marker = stringOf(source["marker"]);
      return [
        name,
        {
          url: archive?.url ?? git,
          ...(subdirectory === undefined ? {} : { subdirectory }),
          ...(marker === undefined ? {} : { marker }),
        },
      ];
    }),
  );
}

function pick(from: TomlTable, keys: string[]): TomlTable {
  return Object.fromEntries(
    keys.flatMap((key) => {
      const value = from[key];
      return value === undefined ? [] : [[key, value] as const];
    }),
  );
}
