import { dependencyError } from "../lib/dependency-error.ts";
import { parseToml, stringOf, table, type TomlTable } from "./toml.ts";

export type Pyproject = {
  /** Undefined when there is no `[project]` table. */
  project: TomlTable | undefined;
  tool: TomlTable;
  groups: TomlTable | undefined;
  /** Undefined when there is no `[build-system]` table. */
  backend: string | undefined;
};

/** For a directory without a pyproject.toml. */
export const NO_PYPROJECT: Pyproject = {
  project: undefined,
  tool: {},
  groups: undefined,
  backend: undefined,
};

/** @throws RunnerError BUILD_FAILED with the line where the text stops being TOML */
export function parsePyproject(text: string, file = "pyproject.toml"): Pyproject {
  const document = parseDependencyToml(text, file);
  const system = table(document["build-system"]);
  return {
    project: table(document["project"]),
    tool: table(document["tool"]) ?? {},
    groups: table(document["dependency-groups"]),
    backend: system === undefined ? undefined : (stringOf(system["build-backend"]) ?? "setuptools"),
  };
}

/**
 * Reads any file that names dependencies, locks included.
 * @throws RunnerError BUILD_FAILED with the line where the text stops being TOML
 */
export function parseDependencyToml(text: string, file: string): TomlTable {
  return parseToml(text, file, (message) =>
    dependencyError("syntax", message, `Correct ${file} at that line.`),
  );
}
