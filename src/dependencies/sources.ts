import type { Pyproject } from "../manifest/pyproject.ts";
import { stringOf, strings, table, tables, type TomlTable } from "../manifest/toml.ts";
import { defaultGroups } from "./groups.ts";
import { canonicalName, parseRequirement } from "./names.ts";
import type { Reached } from "./reach.ts";
import { archiveUrl } from "./vcs.ts";

/** Lists of `[tool.uv]` whose packages have sources, too. */
const FURTHER_LISTS = ["constraint-dependencies", "override-dependencies"];

/** `[tool.uv.sources]` of what is installed. Repositories become archives, for which no git is needed. */
export function reachedSources(project: Pyproject, reached: Reached | undefined): TomlTable {
  const uv = table(project.tool["uv"]) ?? {};
  const lines = [...(reached?.requirements ?? []), ...FURTHER_LISTS.flatMap((key) => strings(uv[key]))];
  const names = new Set(lines.flatMap((line) => parseRequirement(line)?.name ?? []));
  const groups = new Set(defaultGroups(project));
  const found = Object.entries(table(uv["sources"]) ?? {}).flatMap(([name, value]) => {
    if (!names.has(canonicalName(name))) return [];
    const given = Array.isArray(value) ? tables(value) : [table(value) ?? {}];
    const kept = given
      .filter((source) => isReached(source, { groups, extras: reached?.extras ?? new Set() }))
      .map((source) => withoutGit(withoutGroup(source), name));
    const [only] = kept;
    if (only === undefined) return [];
    return [[name, Array.isArray(value) ? kept : only] as const];
  });
  return Object.fromEntries(found);
}

/** The indexes that are asked: one that only serves named packages (`explicit`) is for those that are installed. */
export function reachedIndexes({ tool }: Pyproject, sources: TomlTable[]): TomlTable[] {
  const all = sources.flatMap((table) => Object.values(table).flat());
  const named = new Set(all.flatMap((source) => stringOf(table(source)?.["index"]) ?? []));
  return tables(table(tool["uv"])?.["index"]).filter(
    (index) => index["explicit"] !== true || named.has(stringOf(index["name"]) ?? ""),
  );
}

function isReached(source: TomlTable, { groups, extras }: Record<"groups" | "extras", Set<string>>): boolean {
  const group = stringOf(source["group"]);
  const extra = stringOf(source["extra"]);
  if (group !== undefined) return groups.has(canonicalName(group));
  return extra === undefined || extras.has(canonicalName(extra));
}

/** The requirements of groups stand among the project's own. */
function withoutGroup(source: TomlTable): TomlTable {
  return Object.fromEntries(Object.entries(source).filter(([key]) => key !== "group"));
}

function withoutGit(source: TomlTable, name: string): TomlTable {
  const git = stringOf(source["git"]);
  if (git === undefined) return source;
  const revision = ["rev", "tag", "branch"]
    .map((key) => stringOf(source[key]))
    .find((text) => text !== undefined);
  const archive = archiveUrl(`git+${git}${revision === undefined ? "" : `@${revision}`}`, name);
  const kept = ["subdirectory", "marker", "extra"].flatMap((key) => {
    const text = stringOf(source[key]);
    return text === undefined ? [] : [[key, text] as const];
  });
  return { url: archive?.url ?? git, ...Object.fromEntries(kept) };
}
