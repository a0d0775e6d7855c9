import { RunnerError } from "../lib/errors.ts";
import { escapeName } from "../lib/text.ts";
import type { SourceTree } from "../upload/tree.ts";
import { readConfigFile } from "./config-file.ts";
import { configError, configTomlError } from "./errors.ts";
import { type Fields, invalid, MANIFEST_FILE, stringField } from "./fields.ts";
import { allowsMinor } from "./requires-python.ts";
import { scriptProject } from "./script.ts";
import {
  NEWEST_MINOR,
  OLDEST_MINOR,
  type PythonChoice,
  pinnedChoice,
  SUPPORTED,
  supportedMinor,
} from "./python-pins.ts";
import { parseToml, stringOf, table } from "./toml.ts";

const ALLOWED = `it is one of ${SUPPORTED}, in quotes`;

/**
 * The Python version of the agent, as `3.N`. The first of these that is there decides: `python_version`,
 * `.python-version`, `runtime.txt`, `.tool-versions`, `requires-python` in `pyproject.toml`, and `requires-python` in the
 * entrypoint's inline metadata.
 * Of the versions that `requires-python` allows, the one nearest to `fallback` is taken.
 *
 * @throws RunnerError CONFIG_ERROR when a version is not supported, or when two places contradict each other
 */
export async function pythonVersion(
  tree: SourceTree,
  fields: Fields,
  options: { fallback: string; warnings: string[]; entrypointFile: string },
): Promise<string> {
  const { fallback, warnings } = options;
  const written = manifestChoice(fields, warnings);
  const pinned = await pinnedChoice(tree, { isChosen: written !== undefined, warnings });
  const choice = written ?? pinned;
  if (written !== undefined && pinned !== undefined && written.minor !== pinned.minor) {
    throw contradiction(written.source, pinned.source);
  }

  const found =
    (await projectRequirement(tree, warnings)) ?? (await scriptRequirement(tree, options.entrypointFile));
  if (found === undefined) return choice === undefined ? fallback : `3.${choice.minor}`;
  const { requires, file } = found;
  const source = `requires-python = "${escapeName(requires)}" in ${file}`;
  if (choice !== undefined) {
    if (allowsMinor(requires, choice.minor) !== false) return `3.${choice.minor}`;
    if (choice.isForeign !== true) throw contradiction(choice.source, source);
    warnings.push(`${choice.source} does not count, because of ${source}`);
  }
  return nearestAllowed({ requires, source, file, fallback, warnings });
}

function manifestChoice(fields: Fields, warnings: string[]): PythonChoice | undefined {
  const value = stringField(fields, "python_version", ALLOWED);
  if (value === undefined) return undefined;
  const match = /^3\.(\d{1,2})(\.\d{1,3})?$/.exec(value.trim());
  const minor = supportedMinor(match?.[1]);
  if (minor === undefined) throw invalid(fields, "python_version", { value, allowed: ALLOWED });
  if (match?.[2] !== undefined) {
    warnings.push(`python_version = "${value}" means 3.${minor}: the host chooses the patch release`);
  }
  return { minor, source: `python_version = "${value}" in ${MANIFEST_FILE}`, file: MANIFEST_FILE };
}

type Requirement = { requires: string; file: string };

async function projectRequirement(tree: SourceTree, warnings: string[]): Promise<Requirement | undefined> {
  const file = "pyproject.toml";
  const text = await readConfigFile(tree, file);
  if (text === undefined) return undefined;
  const { project } = parseToml(text, file, configTomlError(file));
  const requires = stringOf(table(project)?.["requires-python"]);
  if (requires === undefined) return undefined;
  if (allowsMinor(requires, OLDEST_MINOR) !== undefined) return { requires, file };
  warnings.push(`requires-python = "${escapeName(requires)}" in ${file} could not be read; it is ignored`);
  return undefined;
}

/** Metadata that cannot be read is no error here: reading the dependencies reports it. */
async function scriptRequirement(tree: SourceTree, file: string): Promise<Requirement | undefined> {
  try {
    const text = await tree.text(file);
    const requires = scriptProject(text ?? "", file)?.project?.["requires-python"];
    if (typeof requires === "string" && allowsMinor(requires, OLDEST_MINOR) !== undefined)
      return { requires, file };
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error;
  }
  return undefined;
}

type Search = Requirement & { source: string; fallback: string; warnings: string[] };

function nearestAllowed({ requires, source, file, fallback, warnings }: Search): string {
  const preferred = Number(fallback.split(".")[1]);
  const minors = Array.from({ length: NEWEST_MINOR - OLDEST_MINOR + 1 }, (_, i) => OLDEST_MINOR + i);
  const [best] = minors
    .filter((minor) => allowsMinor(requires, minor) === true)
    .sort((a, b) => Math.abs(a - preferred) - Math.abs(b - preferred));
  if (best === undefined) {
    throw configError(`${source} allows none of the supported Python versions, ${SUPPORTED}`, {
      file,
    });
  }
  if (best !== preferred) warnings.push(`Python 3.${best} instead of ${fallback}, because of ${source}`);
  return `3.${best}`;
}

function contradiction(one: string, other: string) {
  return configError(`${one} contradicts ${other}; make them agree or remove one`, { key: "python_version" });
}
