import { dependencyError } from "../lib/dependency-error.ts";
import { parseDependencyToml } from "../manifest/pyproject.ts";
import { stringOf, table, tables } from "../manifest/toml.ts";
import { canonicalName } from "./names.ts";
import type { LockFile } from "./plan.ts";

// Our own reader of a `requirements.lock`. The parser on npm (pip-requirements-js) refuses hashes.

/** One package of a lock. */
type Block = {
  name: string;
  requirement: string;
  /** As options. No other option is allowed: by one, a file would be built or found elsewhere. */
  hashes: string[];
};

const REQUIREMENT =
  /^([A-Za-z0-9][A-Za-z0-9._-]*)(?<=[A-Za-z0-9])(\[[\w.,\s-]*\])?(==[\w.+!*-]+| @ (?:(?:https?|file):\/\/|oken-local-file:)[^\s;]+)(\s*;[^\n\\]*)?$/;

const HASH = /^--hash=(?:sha256|sha384|sha512):[0-9a-f]+$/;

const INDEX = /^--(?:index-url|extra-index-url|find-links) https?:\/\/[^\s'"]+$/;

/** Whether each line is one version of a package with the hashes of its files. */
export function isExact(lines: string[]): boolean {
  return lines.length > 0 && lines.every((line) => isExactBlock(readBlock(line)));
}

/**
 * Requirements as the text of a file, one on each line. What would be read as an option is refused: an option can have
 * the installer build a package where no package's code may run.
 */
export function requirementsText(lines: string[]): string {
  for (const line of lines) {
    if (/^[A-Za-z0-9][^\r\n\\]*$/.test(line) && !/\s-(?!-hash[= ])/.test(line)) continue;
    throw dependencyError(
      "syntax",
      `The dependency ${JSON.stringify(line.slice(0, 200))} is not a requirement.`,
      "Write it as `name` or `name>=1`, without options.",
    );
  }
  return lines.map((line) => `${line}\n`).join("");
}

/** A lock from an upload. It is untrusted, so each line must be a package with hashes. */
export function exactLock(lock: string): string {
  const { indexes, blocks } = parseLock(lock);
  return printLock(indexes, blocks);
}

/** The lock without the packages that are built already. */
export function withoutPackages(lock: string, names: Set<string>): string {
  const { indexes, blocks } = parseLock(lock);
  return printLock(
    indexes,
    blocks.filter(({ name }) => !names.has(name)),
  );
}

/** The requirement of one package with its version and hashes, as the lock has them. Undefined when it has none. */
export function requirementOf(lock: { file: LockFile; text: string }, name: string): string | undefined {
  if (lock.file === "requirements.lock") {
    const block = parseLock(lock.text).blocks.find((each) => each.name === name);
    return block && [block.requirement, ...block.hashes].join(" ");
  }
  const entry = tables(parseDependencyToml(lock.text, "uv.lock")["package"]).find(
    (candidate) => canonicalName(stringOf(candidate["name"]) ?? "") === name,
  );
  if (entry === undefined) return undefined;
  const url = stringOf(table(entry["source"])?.["url"]);
  const hash = stringOf(table(entry["sdist"])?.["hash"]);
  const target = url === undefined ? `==${stringOf(entry["version"]) ?? ""}` : ` @ ${url}`;
  return `${name}${target}${hash === undefined ? "" : ` --hash=${hash}`}`;
}

/**
 * A lock that came out of a source build. It is untrusted, so each line must be a package with hashes. Lines that name
 * the build's own directory are projects of the upload, and are left out.
 */
export function checkedLock(lock: string, buildDirectory: string): string {
  const lines = lock.replaceAll(/\\\r?\n/g, " ").split("\n");
  const foreign = lines.filter(
    (line) => !line.startsWith(`${buildDirectory}/`) && !line.includes(` file://${buildDirectory}/`),
  );
  return exactLock(foreign.join("\n"));
}

function parseLock(lock: string): { indexes: string[]; blocks: Block[] } {
  const indexes: string[] = [];
  const blocks: Block[] = [];
  for (const line of lock.replaceAll(/\\\r?\n/g, " ").split(/\r?\n/)) {
    const text = line.trim();
    if (text === "" || text.startsWith("#")) continue;
    const block = readBlock(text);
    if (INDEX.test(text)) indexes.push(text);
    else if (block !== undefined) blocks.push(block);
    else {
      throw dependencyError(
        "lock_unreadable",
        `A line of the lock names no package: ${text.slice(0, 200)}`,
        "Depend on releases that have wheels.",
      );
    }
  }
  return { indexes, blocks };
}

function readBlock(line: string): Block | undefined {
  const options = line.search(/\s--/);
  const requirement = (options < 0 ? line : line.slice(0, options)).trimEnd();
  const hashes = options < 0 ? [] : line.slice(options).trim().split(/\s+/);
  const name = REQUIREMENT.exec(requirement)?.[1];
  return name !== undefined && hashes.every((hash) => HASH.test(hash))
    ? { name: canonicalName(name), requirement, hashes }
    : undefined;
}

function isExactBlock(block: Block | undefined): boolean {
  const version = /==[^;]+/.exec(block?.requirement ?? "")?.[0] ?? "*";
  return block !== undefined && block.hashes.length > 0 && !version.includes("*");
}

function printLock(indexes: string[], blocks: Block[]): string {
  const lines = blocks.map(({ requirement, hashes }) => [requirement, ...hashes].join(" \\\n    "));
  return [...indexes, ...lines].map((line) => `${line}\n`).join("");
}
