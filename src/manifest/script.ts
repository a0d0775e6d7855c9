import type { Pyproject } from "./pyproject.ts";
import { parseDependencyToml } from "./pyproject.ts";
import { table } from "./toml.ts";

/** The block of PEP 723, by the regular expression that the PEP gives. */
const BLOCK = /^# \/\/\/ ([a-zA-Z0-9-]+)$\s((?:^#(?:| .*)$\s)+)^# \/\/\/$/gm;

/** Inline metadata of a script as the project it describes; undefined when there is none. */
export function scriptProject(text: string, file: string): Pyproject | undefined {
  const blocks = [...text.replaceAll("\r\n", "\n").matchAll(BLOCK)];
  const content = blocks.find(([, type]) => type === "script")?.[2];
  if (content === undefined) return undefined;
  const toml = content
    .split("\n")
    .map((line) => line.replace(/^# ?/, ""))
    .join("\n");
  const metadata = parseDependencyToml(toml, `The inline metadata of ${file}`);
  return {
    project: {
      name: "oken-script",
      dependencies: metadata["dependencies"] ?? [],
      ...(metadata["requires-python"] === undefined
        ? {}
        : { "requires-python": metadata["requires-python"] }),
    },
    tool: table(metadata["tool"]) ?? {},
    groups: undefined,
    backend: undefined,
  };
}
