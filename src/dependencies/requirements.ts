import { posix } from "node:path";

import { dependencyError } from "../lib/dependency-error.ts";
import { insideTree, type SourceTree } from "../upload/tree.ts";
import { flawOf } from "./flaws.ts";
import { isIndexUrl } from "./index-urls.ts";
import { MAX_REQUIREMENT } from "./names.ts";
import { logicalLines, optionValue, type RequirementLine } from "./requirement-lines.ts";
import { archiveUrl } from "./vcs.ts";

// Our own reader. The parser on npm (pip-requirements-js) refuses hashes, indexes, editable projects and local paths.

/** How deep files may include each other. */
const MAX_DEPTH = 10;

/** Lines of all the files. A large project has a tenth of them, once its packages are locked. */
const MAX_LINES = 20_000;

export type Requirements = {
  /** One requirement each, with its hashes. A file of the upload is an address with LOCAL_FILE_PLACEHOLDER. */
  lines: string[];
  constraints: string[];
  /** The lines that name indexes. */
  indexLines: string[];
  prerelease: boolean;
  /** Directories that are required by path, relative to the upload's root. */
  localDirectories: string[];
  /** Wheels and archives that are required by path, relative to the upload's root. */
  localFiles: string[];
  warnings: string[];
};

/** Options that have no effect, since the build has one way of installing. */
const DROPPED =
  /^--(?:no-binary|only-binary|prefer-binary|trusted-host|use-feature|no-build-isolation|use-pep517|no-use-pep517|require-hashes|no-index|global-option|install-option|config-settings?)\b/;

const NAMED = /^([A-Za-z0-9][A-Za-z0-9._-]*)(?<=[A-Za-z0-9])(?![A-Za-z0-9._-])(?:\s*(\[[^\]]*\]))?\s*@(.+)$/s;

/** Stands for the directory of the upload's files, which only the container knows. */
export const LOCAL_FILE_PLACEHOLDER = "oken-local-file:";

/**
 * Reads a requirements file of pip's and all that it includes. Options that decide nothing are dropped. One is
 * `--no-binary`, which would run a package's code while it is installed.
 *
 * @throws RunnerError BUILD_FAILED with the file and the line that cannot be used
 */
export async function readRequirements(tree: SourceTree, file: string): Promise<Requirements> {
  const result: Requirements = {
    lines: [],
    constraints: [],
    indexLines: [],
    prerelease: false,
    localDirectories: [],
    localFiles: [],
    warnings: [],
  };
  await readFile({
    tree,
    file,
    into: "lines",
    result,
    chain: [],
    whole: { left: MAX_LINES, read: new Set() },
  });
  return result;
}

type Reading = {
  tree: SourceTree;
  file: string;
  into: "lines" | "constraints";
  result: Requirements;
  /** The files that led here, each included by the one before. */
  chain: string[];
  /** What holds for all files: the lines that may still come, and what was read. A second time would add nothing. */
  whole: { left: number; read: Set<string> };
};

async function readFile(reading: Reading): Promise<void> {
  const { tree, file, into, chain, whole } = reading;
  const key = `${into} of ${file}`;
  if (whole.read.has(key) && !chain.includes(file)) return;
  whole.read.add(key);
  const text = await tree.text(file);
  if (text === undefined) {
    throw dependencyError(
      "missing_file",
      `${chain.at(-1) ?? "The upload"} asks for ${file}, which is not in the upload.`,
      `Add ${file} to the upload.`,
    );
  }
  if (chain.length >= MAX_DEPTH || chain.includes(file)) {
    throw dependencyError(
      "syntax",
      `${file} is included by itself: ${[...chain, file].join(" -> ")}.`,
      "Remove the circle.",
    );
  }
  for (const line of logicalLines(text)) {
    whole.left -= 1;
    if (whole.left < 0) throw refuse(reading, line, `there are more than ${MAX_LINES} lines`);
    await readLine(reading, line);
  }
}

async function readLine(reading: Reading, at: RequirementLine): Promise<void> {
  const { result } = reading;
  const { line } = at;
  const included = optionValue(line, ["-r", "--requirement"]);
  const constraint = optionValue(line, ["-c", "--constraint"]);
  const index = optionValue(line, ["-i", "--index-url", "--extra-index-url", "-f", "--find-links"]);
  const editable = optionValue(line, ["-e", "--editable"]);
  if (included !== undefined) await readIncluded(reading, at, { target: included, into: reading.into });
  else if (constraint !== undefined)
    await readIncluded(reading, at, { target: constraint, into: "constraints" });
  else if (index !== undefined) result.indexLines.push(indexLine(reading, at, index));
  else if (/^--pre\b/.test(line)) result.prerelease = true;
  else if (DROPPED.test(line)) warnOfDropped(reading, at);
  else if (editable === undefined && line.startsWith("-")) {
    throw refuse(reading, at, "the option is not known");
  } else await readRequirement(reading, at, editable ?? line);
}

async function readIncluded(
  reading: Reading,
  at: RequirementLine,
  { target, into }: { target: string; into: Reading["into"] },
): Promise<void> {
  const { tree, file, result, chain, whole } = reading;
  const path = insideTree(posix.join(posix.dirname(file), target));
  if (/^[a-z]+:\/\//i.test(target) || path === undefined) {
    throw refuse(reading, at, "another file must be inside the upload");
  }
  await readFile({ tree, file: path, into, result, chain: [...chain, file], whole });
}

function indexLine(reading: Reading, at: RequirementLine, index: string): string {
  if (!isIndexUrl(index)) throw refuse(reading, at, "an index must be a URL");
  if (at.line.startsWith("--extra")) return `--extra-index-url ${index}`;
  return /^(-f|--find)/.test(at.line) ? `--find-links ${index}` : `--index-url ${index}`;
}

function warnOfDropped({ file, result }: Reading, { line, number }: RequirementLine): void {
  if (!/^--no-(?:binary|index)/.test(line)) return;
  result.warnings.push(`${file}:${number}: ${line} has no effect: wheels are installed where there are any.`);
}

async function readRequirement(reading: Reading, at: RequirementLine, text: string): Promise<void> {
  const { tree, file, into, result } = reading;
  // After a requirement, hashes say what may be installed. Other options would say how to build it.
  const hashes = [...text.matchAll(/\s--hash[= ](\S+)/g)].map(([, hash]) => ` --hash=${hash}`).join("");
  const options = text.search(/\s--[a-z]/);
  const requirement = (options < 0 ? text : text.slice(0, options)).trim();
  if (requirement.length > MAX_REQUIREMENT) {
    throw refuse(
      reading,
      { ...at, line: text.slice(0, 200) },
      `it has more than ${MAX_REQUIREMENT} characters`,
    );
  }
  const named = NAMED.exec(requirement);
  const target = (named?.[3] ?? requirement).trim();
  const archive = archiveUrl(target, named?.[1]);
  if (archive !== undefined) {
    result.warnings.push(...archive.warnings);
    result[into].push(`${archive.name}${named?.[2] ?? ""} @ ${archive.url}`);
    return;
  }
  const local = localPath(target, file);
  if (local === undefined || !(named !== null || looksLocal(target) || (await tree.has(local)))) {
    const flaw = /^[a-z][a-z0-9+.-]*:/i.test(requirement) ? undefined : flawOf(requirement);
    if (flaw !== undefined) throw refuse(reading, at, flaw);
    result[into].push(`${requirement}${hashes}`);
  } else if (await tree.hasDirectory(local)) {
    result.localDirectories.push(local);
  } else if (await tree.has(local)) {
    const marker = target.includes(";") ? target.slice(target.indexOf(";") + 1) : undefined;
    result.localFiles.push(local);
    const url = `${LOCAL_FILE_PLACEHOLDER}${local}`;
    result.lines.push(`${projectOf(local)} @ ${url}${marker === undefined ? "" : ` ; ${marker}`}`);
  } else {
    throw refuse(reading, at, `${local} is not in the upload`);
  }
}

function before(text: string, end: string): string {
  const at = text.indexOf(end);
  return at < 0 ? text : text.slice(0, at);
}

/** The path in the upload that a requirement names. Undefined when it names none, or leaves the upload. */
function localPath(target: string, file: string): string | undefined {
  const place = before(target, ";")
    .trimEnd()
    .replace(/^file:(\/\/(localhost)?)?/, "");
  const path = before(place.endsWith("]") ? place.slice(0, place.lastIndexOf("[")) : place, "#");
  if (/^[a-z][a-z0-9+.-]*:/i.test(path) || path === "") return undefined;
  return insideTree(posix.join(posix.dirname(file), path)) ?? (looksLocal(target) ? path : undefined);
}

function looksLocal(target: string): boolean {
  return (
    /^(\.{1,2}(\/|\s*(;|\[|$))|\/|file:)/.test(target) ||
    (target.includes("/", 1) && !/[\s;]/.test(target)) ||
    /\.(whl|tar\.gz|zip)$/.test(target)
  );
}

/** The project's name, with which the name of a wheel or an archive begins. */
function projectOf(path: string): string {
  const base = posix.basename(path);
  return base.endsWith(".whl") ? (base.split("-")[0] ?? base) : (base.split(/-\d/)[0] ?? base);
}

function refuse({ file }: Reading, { line, number }: RequirementLine, reason: string) {
  return dependencyError(
    "syntax",
    `${file}:${number}: \`${line}\`: ${reason}.`,
    `Change line ${number} of ${file}.`,
  );
}
