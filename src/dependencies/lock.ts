import { dependencyError } from "../lib/dependency-error.ts";
import { parseDependencyToml } from "../manifest/pyproject.ts";
import { stringOf, table, tables } from "../manifest/toml.ts";
import { canonicalName } from "./names.ts";
import type { LockFile } from "./plan.ts";

// Our own reader of a `requirements.lock`. The parser on npm (pip-requirements-js) refuses hashes.

/** One package of a lock, as its lines. */
type Block = { name: string; text: string };

/** A line that names a package and its files. No option is allowed by which a file would be built or found elsewhere. */
const REQUIREMENT =
  /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(\[[\w.,\s-]*\])?(==[\w.+!*-]+| @ (?:(?:https?|file):\/\/|oken-local-file:)[^\s;]+)(\s*;[^\n\\]*?)?((?:\s*--hash=(?:sha256|sha384|sha512):[0-9a-f]+)*)$/;

const INDEX = /^--(?:index-url|extra-index-url|find-links) https?:\/\/[^\s'"]+$/;

/** Whether each line is one version of a package with the hashes of its files. */
export function isExact(lines: string[]): boolean {
  return lines.length > 0 && lines.every((line) => REQUIREMENT.test(line) && /==[^*]+--hash=/.test(line));
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
    return parseLock(lock.text)
      .blocks.find((block) => block.name === name)
      ?.text.replaceAll(/\s*\\\n\s*/g, " ");
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
    const match = REQUIREMENT.exec(text);
    if (INDEX.test(text)) indexes.push(text);
    else if (match !== null) blocks.push({ name: canonicalName(match[1] ?? ""), text });
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

function printLock(indexes: string[], blocks: Block[]): string {
  const lines = blocks.map(({ text }) => text.replaceAll(/\s+--hash=/g, " \\\n    --hash="));
  return [...indexes, ...lines].map((line) => `${line}\n`).join("");
}
