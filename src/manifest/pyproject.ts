import { parse } from "smol-toml";
import type { TomlTable } from "smol-toml";

import { messageOf } from "../lib/errors.ts";
import { dependencyError } from "../lib/dependency-error.ts";
import { stringOf, table } from "./toml.ts";

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
  const document = parseToml(text, file);
  const system = table(document["build-system"]);
  return {
    project: table(document["project"]),
    tool: table(document["tool"]) ?? {},
    groups: table(document["dependency-groups"]),
    backend: system === undefined ? undefined : (stringOf(system["build-backend"]) ?? "setuptools"),
  };
}

export function parseToml(text: string, file: string): TomlTable {
  try {
    return parse(text);
  } catch (error) {
    const reason = messageOf(error)
      .replace(/^Invalid TOML document: /, "")
      .trim();
    throw dependencyError(
      "syntax",
      `${file} is not valid TOML: ${reason}`,
      `Mend ${file} at the line shown.`,
    );
  }
}
