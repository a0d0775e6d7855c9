import { posix } from "node:path";

import { dependencyError } from "../lib/dependency-error.ts";
import type { SourceTree } from "../upload/tree.ts";
import { insideTree } from "../upload/tree.ts";
import { archiveUrl } from "./vcs.ts";

/** Files of files: deeper than any project was seen to go. */
const MAX_DEPTH = 10;

export type Requirements = {
  /** One requirement a line, hashes kept, nothing else; local wheels as `file:` URLs. */
  lines: string[];
  constraints: string[];
  /** Index options of the upload, as lines. */
  indexLines: string[];
  prerelease: boolean;
  /** Directories of the upload that are asked for by path, relative to its root. */
  localDirectories: string[];
  /** Wheels and archives of the upload that are asked for by path: path there to URL in `lines`. */
  localFiles: string[];
  warnings: string[];
};

/** Options whose value decides nothing here: the build has one way of installing. */
const DROPPED =
  /^--(?:no-binary|only-binary|prefer-binary|trusted-host|use-feature|no-build-isolation|use-pep517|no-use-pep517|require-hashes|no-index|global-option|install-option|config-settings?)\b/;

const NAME = "[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?";

/** Where the container finds a local file; its directory is made of the file's content by whoever copies it. */
export const LOCAL_FILE_PLACEHOLDER = "oken-local-file:";

/**
 * Reads a requirements file of pip's with all that it includes, and keeps what says which packages are wanted.
 * `--no-binary` would have a package's code run while it is installed, so it is dropped with a warning.
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
  await readFile({ tree, file, into: "lines", result, chain: [] });
  return result;
}

type Reading = {
  tree: SourceTree;
  file: string;
  into: "lines" | "constraints";
  result: Requirements;
  chain: string[];
};

async function readFile(reading: Reading): Promise<void> {
  const { tree, file, chain } = reading;
  const text = await tree.text(file);
  if (text === undefined) {
    const by = chain.at(-1);
    throw dependencyError(
      "missing_file",
      `${by ?? "The upload"} asks for ${file}, which is not in the upload.`,
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
  for (const { line, number } of logicalLines(text)) await readLine(reading, line, number);
}

async function readLine(reading: Reading, line: string, number: number): Promise<void> {
  const { tree, file, result, chain } = reading;
  const included = option(line, ["-r", "--requirement"]);
  const constraint = option(line, ["-c", "--constraint"]);
  if (included !== undefined || constraint !== undefined) {
    const target = included ?? constraint ?? "";
    const path = insideTree(posix.join(posix.dirname(file), target));
    if (/^[a-z]+:\/\//i.test(target) || path === undefined) {
      throw refuse(file, number, line, "another file must be inside the upload");
    }
    const into = constraint === undefined ? reading.into : "constraints";
    await readFile({ tree, file: path, into, result, chain: [...chain, file] });
    return;
  }
  const index = option(line, ["-i", "--index-url", "--extra-index-url", "-f", "--find-links"]);
  if (index !== undefined) {
    if (!/^https?:\/\/[^\s'"]+$/.test(index)) throw refuse(file, number, line, "an index must be a URL");
    const flag = line.startsWith("--extra")
      ? "--extra-index-url"
      : /^(-f|--find)/.test(line)
        ? "--find-links"
        : "--index-url";
    result.indexLines.push(`${flag} ${index}`);
    return;
  }
  if (/^--pre\b/.test(line)) {
    result.prerelease = true;
    return;
  }
  if (DROPPED.test(line)) {
    if (/^--no-binary|^--no-index/.test(line)) {
      result.warnings.push(`${file}:${number}: ${line} has no effect: wheels are used where there are any.`);
    }
    return;
  }
  const editable = option(line, ["-e", "--editable"]);
  if (editable === undefined && line.startsWith("-"))
    throw refuse(file, number, line, "the option is not known");
  await readRequirement(reading, editable ?? line, number);
}

async function readRequirement(reading: Reading, text: string, number: number): Promise<void> {
  const { tree, file, result } = reading;
  // Options after a requirement: its hashes say what may be installed, the rest how it would be built.
  const hashes = [...text.matchAll(/\s--hash[= ](\S+)/g)].map(([, hash]) => ` --hash=${hash}`).join("");
  const requirement = text.replace(/\s--[a-z].*$/, "").trim();
  const named = new RegExp(`^(${NAME})\\s*(\\[[^\\]]*\\])?\\s*@\\s*(.+)$`).exec(requirement);
  const target = (named?.[3] ?? requirement).trim();

  const vcs = archiveUrl(target, named?.[1]);
  if (vcs !== undefined) {
    result.warnings.push(...vcs.warnings);
    reading.result[reading.into].push(`${vcs.name}${named?.[2] ?? ""} @ ${vcs.url}`);
    return;
  }
  const local = localPath(target, file);
  if (local !== undefined && (named !== null || looksLocal(target) || (await tree.has(local)))) {
    const marker = /;(.*)$/.exec(target)?.[1];
    if (await tree.hasDirectory(local)) {
      result.localDirectories.push(local);
    } else if (await tree.has(local)) {
      result.localFiles.push(local);
      const url = `${LOCAL_FILE_PLACEHOLDER}${local}`;
      result.lines.push(`${wheelName(local)} @ ${url}${marker === undefined ? "" : ` ; ${marker}`}`);
    } else {
      throw refuse(file, number, text, `${local} is not in the upload`);
    }
    return;
  }
  result[reading.into].push(`${requirement}${hashes}`);
}

/** The path in the upload that a requirement names; undefined for one that names none, or leaves the upload. */
function localPath(target: string, file: string): string | undefined {
  const path = target
    .replace(/\s*;.*$/, "")
    .replace(/^file:(\/\/(localhost)?)?/, "")
    .replace(/\[[^\]]*\]$/, "")
    .replace(/#.*$/, "");
  if (/^[a-z][a-z0-9+.-]*:/i.test(path) || path === "") return undefined;
  return insideTree(posix.join(posix.dirname(file), path)) ?? (looksLocal(target) ? path : undefined);
}

function looksLocal(target: string): boolean {
  return (
    /^(\.{1,2}(\/|\s*(;|\[|$))|\/|file:)/.test(target) ||
    /^[^\s;]+\/[^\s;]*$/.test(target) ||
    /\.(whl|tar\.gz|zip)$/.test(target)
  );
}

/** `name` of a wheel or an archive, which begins with it. */
function wheelName(path: string): string {
  const base = posix.basename(path);
  return base.endsWith(".whl") ? (base.split("-")[0] ?? base) : base.replace(/-\d.*$/, "");
}

/** Lines as pip joins them: a backslash continues, a `#` at the start or after a space begins a comment. */
function logicalLines(text: string): { line: string; number: number }[] {
  const lines: { line: string; number: number }[] = [];
  let joined = "";
  let start = 0;
  for (const [index, raw] of text.split(/\r\n|\r|\n/).entries()) {
    if (joined === "") start = index + 1;
    const comment = /^\s*#/.test(raw);
    if (raw.endsWith("\\") && !comment) {
      joined += `${raw.slice(0, -1)} `;
      continue;
    }
    const line = `${joined}${comment ? "" : raw}`.replace(/(^|\s)#.*$/, "").trim();
    joined = "";
    if (line !== "") lines.push({ line, number: start });
  }
  if (joined.trim() !== "") lines.push({ line: joined.trim(), number: start });
  return lines;
}

/** The value of an option in any of the ways in which pip takes it: `-rx`, `-r x`, `--requirement=x`. */
function option(line: string, names: string[]): string | undefined {
  for (const name of names) {
    if (!line.startsWith(name)) continue;
    const rest = line.slice(name.length);
    if (name.startsWith("--") ? /^[=\s]/.test(rest) : rest !== "" && !rest.startsWith("-")) {
      return rest.replace(/^\s*=?\s*/, "").trim();
    }
  }
  return undefined;
}

function refuse(file: string, number: number, line: string, reason: string) {
  return dependencyError(
    "syntax",
    `${file}:${number}: \`${line}\`: ${reason}.`,
    `Change line ${number} of ${file}.`,
  );
}
