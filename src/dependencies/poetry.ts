import { dependencyError } from "../lib/dependency-error.ts";
import { stringOf, strings, table, type TomlTable } from "../manifest/toml.ts";
import { MAX_REQUIREMENT, canonicalName } from "./names.ts";
import { archiveUrl } from "./vcs.ts";

export type PoetryRequirements = {
  lines: string[];
  /** Canonical names of the packages, without the optional ones. */
  names: string[];
  /** Directories of the upload that the project depends on. */
  localDirectories: string[];
  warnings: string[];
};

/** `[tool.poetry.dependencies]` as requirements of PEP 508. */
export function poetryRequirements(poetry: TomlTable): PoetryRequirements {
  const result: PoetryRequirements = { lines: [], names: [], localDirectories: [], warnings: [] };
  for (const [name, value] of Object.entries(table(poetry["dependencies"]) ?? {})) {
    if (name.toLowerCase() === "python") continue;
    for (const item of Array.isArray(value) ? value : [value]) addRequirement(result, name, item);
  }
  return result;
}

function addRequirement(result: PoetryRequirements, name: string, value: unknown): void {
  const options = typeof value === "string" ? { version: value } : (table(value) ?? {});
  if (options["optional"] === true) return;
  result.names.push(canonicalName(name));
  const named = strings(options["extras"]);
  const extras = named.length === 0 ? "" : `[${named.join(",")}]`;
  const markers = [
    stringOf(options["markers"]),
    pythonMarker(stringOf(options["python"])),
    platformMarker(options),
  ]
    .filter((marker) => marker !== undefined)
    .map((marker) => `(${marker})`)
    .join(" and ");
  const suffix = markers === "" ? "" : ` ; ${markers}`;
  const path = stringOf(options["path"]);
  const url = stringOf(options["url"]);
  const git = stringOf(options["git"]);
  if (path !== undefined) {
    result.localDirectories.push(path);
  } else if (url !== undefined) {
    result.lines.push(`${name}${extras} @ ${url}${suffix}`);
  } else if (git !== undefined) {
    const revision = stringOf(options["rev"]) ?? stringOf(options["tag"]) ?? stringOf(options["branch"]);
    const address = git.replace(/^git@([^:]+):/, "https://$1/").replace(/\.git$/, "");
    const archive = archiveUrl(`git+${address}${revision === undefined ? "" : `@${revision}`}`, name);
    if (archive !== undefined) result.lines.push(`${name}${extras} @ ${archive.url}${suffix}`);
  } else {
    result.lines.push(
      `${name}${extras}${poetrySpecifier(stringOf(options["version"]) ?? "*", name)}${suffix}`,
    );
  }
}

/** Poetry's version ranges (`^1.2`, `~1.2`, `1.*`, `>=1,<2`) as specifiers of PEP 440. */
function poetrySpecifier(text: string, name: string): string {
  if (text.includes("||")) {
    throw dependencyError(
      "unsupported",
      `pyproject.toml asks for ${name} in ranges joined by \`||\`, which only Poetry can resolve.`,
      "Run `poetry lock` with Poetry 2 and add poetry.lock to the upload, or write one range.",
    );
  }
  if (text.length > MAX_REQUIREMENT) {
    throw dependencyError(
      "syntax",
      `pyproject.toml asks for ${name} in a range of ${text.length} characters.`,
      `Write a range of at most ${MAX_REQUIREMENT} characters.`,
    );
  }
  return text
    .split(/,|(?<=[\w*])\s+(?=[<>=!~^])/)
    .map((clause) => clause.trim())
    .filter((clause) => clause !== "" && clause !== "*")
    .flatMap(clauseSpecifier)
    .join(",");
}

function clauseSpecifier(clause: string): string[] {
  const [, operator = "", version = ""] = /^([<>=!~^]*)\s*(.*)$/s.exec(clause) ?? [];
  if (operator === "^") return [`>=${version}`, `<${caretUpper(version)}`];
  if (operator === "~")
    return [`>=${version}`, `<${bump(version, Math.min(1, release(version).length - 1))}`];
  if (operator === "" || operator === "=") return [`==${version}`];
  return [`${operator}${version}`];
}

/** `^` keeps the first part that is not zero. */
function caretUpper(version: string): string {
  const parts = release(version);
  const first = parts.findIndex((part) => part !== 0);
  return bump(version, first < 0 ? parts.length - 1 : first);
}

function bump(version: string, position: number): string {
  const parts = release(version).slice(0, position + 1);
  parts[position] = (parts[position] ?? 0) + 1;
  return parts.join(".");
}

function release(version: string): number[] {
  return (/^v?(\d+(?:\.\d+)*)/.exec(version)?.[1] ?? "0").split(".").map(Number);
}

function pythonMarker(range: string | undefined): string | undefined {
  if (range === undefined || range === "*") return undefined;
  return poetrySpecifier(range, "python")
    .split(",")
    .map((clause) => {
      const [, operator = "", version = ""] = /^([<>=!~]+)(.*)$/s.exec(clause) ?? [];
      const key = release(version).length > 2 ? "python_full_version" : "python_version";
      return `${key} ${operator} "${version}"`;
    })
    .join(" and ");
}

function platformMarker(options: TomlTable | { version: string }): string | undefined {
  const platform = "platform" in options ? stringOf(options["platform"]) : undefined;
  return platform === undefined ? undefined : `sys_platform == "${platform}"`;
}
