import { filter, validRange } from "@renovatebot/pep440";

/** The patch releases that are tried. The longest series of CPython so far ended at 20. */
const PATCHES = Array.from({ length: 31 }, (_, patch) => patch);
/** Longer text is a mistake or an attack: each of its clauses is compared with every patch release. */
const MAX_CHARS = 256;

/** Whether a release of Python 3.`minor` satisfies the version specifiers of PEP 440. Undefined when they cannot be read. */
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
