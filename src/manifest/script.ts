import { NO_PYPROJECT, parseDependencyToml, type Pyproject } from "./pyproject.ts";
import { table } from "./toml.ts";

/** The project that the inline metadata of a script describes. Undefined when there is none. */
export function scriptProject(text: string, file: string): Pyproject | undefined {
  const block = metadataBlock(text.split(/\r?\n/));
  if (block === undefined) return undefined;
  const toml = block.map((line) => line.replace(/^# ?/, "")).join("\n");
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

/** The lines of the block of inline metadata, as by the regular expression of PEP 723, which takes quadratic time. */
function metadataBlock(lines: string[]): string[] | undefined {
  let start: number | undefined;
  let end: number | undefined;
  for (const [at, line] of [...lines, ""].entries()) {
    if (line === "# /// script") start ??= at;
    // A block goes on to the last such line of its comment.
    else if (line === "# ///" && start !== undefined && at > start + 1) end = at;
    if (line === "#" || line.startsWith("# ")) continue;
    if (start !== undefined && end !== undefined) return lines.slice(start + 1, end);
    start = undefined;
  }
  return undefined;
}
