import { KiB } from "../lib/bytes.ts";
import { decodeText } from "../lib/decode-text.ts";
import { escapeName } from "../lib/text.ts";
import type { SourceTree } from "../upload/tree.ts";
import { readConfigFile } from "./config-file.ts";
import { configError } from "./errors.ts";

export const OLDEST_MINOR = 9;
export const NEWEST_MINOR = 14;
export const SUPPORTED = `3.${OLDEST_MINOR} to 3.${NEWEST_MINOR}`;

export type PythonChoice = {
  minor: number;
  source: string;
  file: string;
  /** It is what another tool reads, so that it gives way. */
  isForeign?: boolean;
};

const VERSION = /^(?:cpython[-@]?|python-?)?(\d+)\.(\d+)(\.\d+)?(t|-freethreaded)?/i;

const MAX_FOREIGN_BYTES = 64 * KiB;

/** What other platforms and tools read, with the line of each that names the Python. */
const FOREIGN = [
  { file: "runtime.txt", pattern: /^\s*(python-?\d\S*)\s*$/im },
  { file: ".tool-versions", pattern: /^\s*python[ \t]+(\d\S*)/im },
];

/**
 * The Python that `.python-version` names. Where neither that nor `oken.toml` does, the one of the files that are for
 * other tools, which never stop a deploy.
 *
 * @throws RunnerError CONFIG_ERROR when `.python-version` names a version that is not supported
 */
export async function pinnedChoice(
  tree: SourceTree,
  { isChosen, warnings }: { isChosen: boolean; warnings: string[] },
): Promise<PythonChoice | undefined> {
  const pinned = await pythonVersionFile(tree, warnings);
  if (pinned !== undefined || isChosen) return pinned;
  for (const { file, pattern } of FOREIGN) {
    const found = await tree.read(file, MAX_FOREIGN_BYTES);
    const named = found.kind === "file" ? pattern.exec(decodeText(found.bytes))?.[1] : undefined;
    if (named === undefined) continue;
    const choice = choiceOf(named, file, warnings);
    if (choice !== undefined) return { ...choice, isForeign: true };
    warnings.push(
      `${file} asks for Python "${escapeName(named)}", which does not count; supported are ${SUPPORTED}`,
    );
  }
  return undefined;
}

/** The first line of `.python-version` that is not a comment, as pyenv and uv read it. */
async function pythonVersionFile(tree: SourceTree, warnings: string[]): Promise<PythonChoice | undefined> {
  const file = ".python-version";
  const text = await readConfigFile(tree, file);
  const line = text
    ?.split("\n")
    .find((each) => /^\s*[^\s#]/.test(each))
    ?.trim();
  if (line === undefined) return undefined;
  if (!VERSION.test(line)) {
    warnings.push(`${file} says "${escapeName(line)}", which names no CPython version; it is ignored`);
    return undefined;
  }
  const choice = choiceOf(line, file, warnings);
  if (choice !== undefined) return choice;
  throw configError(`${file} asks for Python "${escapeName(line)}"; supported are ${SUPPORTED}`, { file });
}

function choiceOf(text: string, file: string, warnings: string[]): PythonChoice | undefined {
  const [, major, digits, , threaded] = VERSION.exec(text) ?? [];
  const minor = major === "3" ? supportedMinor(digits) : undefined;
  if (minor === undefined) return undefined;
  const said = `"${escapeName(text)}" in ${file}`;
  if (threaded !== undefined)
    warnings.push(`${said} names a free-threaded build; the usual one of 3.${minor} is used`);
  return { minor, source: said, file };
}

export function supportedMinor(digits: string | undefined): number | undefined {
  const minor = Number(digits);
  return minor >= OLDEST_MINOR && minor <= NEWEST_MINOR ? minor : undefined;
}
