import { dependencyError } from "../lib/dependency-error.ts";
import { parseToml, stringOf, table, type TomlTable } from "./toml.ts";

export type Pyproject = {
  /** Undefined when there is no `[project]` table. */
  project: TomlTable | undefined;
  tool: TomlTable;
  groups: TomlTable | undefined;
  /** Build backend, where one is named. */
  backend: string | undefined;
};

/** Throws BUILD_FAILED with the line for text that is no TOML. */
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

/** A file that names dependencies, a lock among them. Throws BUILD_FAILED for text that is no TOML. */
export function parseDependencyToml(text: string, file: string): TomlTable {
  return parseToml(text, file, (message) =>
    dependencyError("syntax", message, `Mend ${file} at the line shown.`),
  );
}
