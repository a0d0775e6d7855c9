import { filter, validRange } from "@renovatebot/pep440";

/** Patch releases that are tried for a minor version; CPython's longest series so far ended at 20. */
const PATCHES = Array.from({ length: 31 }, (_, patch) => patch);
/** Longer ones are a mistake or an attack: each clause is compared with every patch release. */
const MAX_CHARS = 256;

/**
 * Whether some release of Python 3.`minor` satisfies the version specifiers (PEP 440); undefined when they cannot be
 * read.
 */
export function allowsMinor(specifiers: string, minor: number): boolean | undefined {
  if (specifiers.length > MAX_CHARS) return undefined;
  const clauses = specifiers
    .split(",")
    .filter((clause) => clause.trim() !== "")
    .join(",");
  if (!validRange(clauses)) return undefined;
  const releases = PATCHES.map((patch) => `3.${minor}.${patch}`);
  return filter(releases, clauses).length > 0;
}
