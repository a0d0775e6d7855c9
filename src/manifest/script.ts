import { NO_PYPROJECT, parseDependencyToml, type Pyproject } from "./pyproject.ts";
import { table } from "./toml.ts";

/** A block of inline metadata, by the regular expression of PEP 723. */
const BLOCK = /^# \/\/\/ ([a-zA-Z0-9-]+)$\s((?:^#(?:| .*)$\s)+)^# \/\/\/$/gm;

/** The project that the inline metadata of a script describes. Undefined when there is none. */
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
    ...NO_PYPROJECT,
    project: {
      name: "oken-script",
      dependencies: metadata["dependencies"] ?? [],
      ...(metadata["requires-python"] === undefined
        ? {}
        : { "requires-python": metadata["requires-python"] }),
    },
    tool: table(metadata["tool"]) ?? {},
  };
}
