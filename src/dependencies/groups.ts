import { dependencyError } from "../lib/dependency-error.ts";
import type { Pyproject } from "../manifest/pyproject.ts";
import { stringOf, strings, table } from "../manifest/toml.ts";
import { canonicalName } from "./names.ts";

/** For work on the project. An agent has no use for it, also where it is installed by default. */
const DEV = "dev";

/** Canonical names of the groups that an agent has installed, as `uv sync --no-dev` chooses them. */
export function defaultGroups({ tool, groups }: Pyproject): string[] {
  const written = table(tool["uv"])?.["default-groups"];
  const names = written === "all" ? Object.keys(groups ?? {}) : strings(written);
  return names.map(canonicalName).filter((name) => name !== DEV);
}

/**
 * The requirements of a project with those of its default groups, each group with what it includes (PEP 735).
 * @throws RunnerError BUILD_FAILED for a group that is not there or includes itself
 */
export function ownRequirements(pyproject: Pyproject): string[] {
  const groups = Object.fromEntries(
    Object.entries(pyproject.groups ?? {}).map(([name, items]) => [canonicalName(name), items]),
  );
  const known: Known = { groups, read: new Set() };
  const grouped = defaultGroups(pyproject).flatMap((name) => requirementsOf(known, name, []));
  return [...new Set([...strings(pyproject.project?.["dependencies"]), ...grouped])];
}

type Known = {
  groups: Record<string, unknown>;
  /** Each is read once: with two includes in each of thirty, the last one would be read a billion times. */
  read: Set<string>;
};

function requirementsOf(known: Known, name: string, chain: string[]): string[] {
  const items = known.groups[name];
  if (!Array.isArray(items) || chain.includes(name)) throw unusable([...chain, name], chain.includes(name));
  if (known.read.has(name)) return [];
  const requirements = items.flatMap((item: unknown) => {
    if (typeof item === "string") return [item];
    const included = stringOf(table(item)?.["include-group"]);
    return included === undefined ? [] : requirementsOf(known, canonicalName(included), [...chain, name]);
  });
  known.read.add(name);
  return requirements;
}

function unusable(chain: string[], isCircle: boolean) {
  const path = chain.join(" -> ");
  return dependencyError(
    "syntax",
    isCircle
      ? `A group of [dependency-groups] includes itself: ${path}.`
      : `pyproject.toml installs the group ${path}, which [dependency-groups] does not have as a list.`,
    "Correct [dependency-groups], or `default-groups` under [tool.uv].",
  );
}
