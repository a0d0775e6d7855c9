import { parse, stringify, type TomlTable } from "smol-toml";

import { messageOf } from "../../errors.ts";
import { dependencyError } from "./plan.ts";

/** Tables of `[tool.uv]` that say what to install. The rest is how to build or where to look, and the runner's say. */
const KEPT_UV_KEYS = [
  "sources",
  "index",
  "constraint-dependencies",
  "override-dependencies",
  "environments",
  "required-environments",
  "conflicts",
  "default-groups",
];

export type Pyproject = {
  /** Undefined when there is no `[project]` table. */
  project: TomlTable | undefined;
  tool: TomlTable;
  groups: TomlTable | undefined;
};

/** Throws BUILD_FAILED with the line for text that is no TOML. */
export function parsePyproject(text: string): Pyproject {
  const document = parseToml(text, "pyproject.toml");
  return {
    project: table(document["project"]),
    tool: table(document["tool"]) ?? {},
    groups: table(document["dependency-groups"]),
  };
}

export function parseToml(text: string, file: string): TomlTable {
  try {
    return parse(text);
  } catch (error) {
    throw dependencyError(
      "syntax",
      `${file} is not valid TOML: ${messageOf(error)
        .replace(/^Invalid TOML document: /, "")
        .trim()}`,
      `Mend ${file} at the line shown.`,
    );
  }
}

/**
 * `pyproject.toml` with nothing but what resolving reads: no build backend that would run, no setting that would change
 * the install, and no comment or version whose edit would install everything again.
 */
export function reducedPyproject({ project, tool, groups }: Pyproject): string {
  const uv = table(tool["uv"]) ?? {};
  const kept = Object.fromEntries(KEPT_UV_KEYS.flatMap((key) => (key in uv ? [[key, uv[key]]] : [])));
  return stringify({
    ...(project === undefined ? {} : { project: reducedProject(project) }),
    ...(groups === undefined ? {} : { "dependency-groups": groups }),
    ...(Object.keys(kept).length === 0 ? {} : { tool: { uv: kept } }),
  });
}

function reducedProject(project: TomlTable): TomlTable {
  const keys = ["name", "requires-python", "dependencies", "optional-dependencies"];
  return {
    ...Object.fromEntries(keys.flatMap((key) => (project[key] === undefined ? [] : [[key, project[key]]]))),
    version: "0",
  };
}

export function table(value: unknown): TomlTable | undefined {
  return isTable(value) ? value : undefined;
}

function isTable(value: unknown): value is TomlTable {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

export function stringOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
