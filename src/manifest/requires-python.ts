/** Patch releases that are tried for a minor version; CPython's longest series so far ended at 20. */
const PATCHES = Array.from({ length: 31 }, (_, patch) => patch);
const MAX_CLAUSES = 32;

type Version = readonly number[];
type Clause = (version: Version) => boolean;

/**
 * Whether some release of Python 3.`minor` satisfies the version specifiers (the part of PEP 440 that
 * `requires-python` uses); undefined when they cannot be read.
 */
export function allowsMinor(specifiers: string, minor: number): boolean | undefined {
  const texts = specifiers.split(",").filter((text) => text.trim() !== "");
  if (texts.length > MAX_CLAUSES) return undefined;
  const clauses: Clause[] = [];
  for (const text of texts) {
    const clause = parseClause(text.trim());
    if (clause === undefined) return undefined;
    clauses.push(clause);
  }
  return PATCHES.some((patch) => clauses.every((clause) => clause([3, minor, patch])));
}

function parseClause(text: string): Clause | undefined {
  const match = /^(===|==|!=|~=|>=|<=|>|<)\s*(\d+(?:\.\d+){0,3})(\.\*)?(?:(?:a|b|rc|\.dev)\d*)?$/.exec(text);
  const [, operator, digits, wildcard] = match ?? [];
  if (operator === undefined || digits === undefined) return undefined;
  const wanted = digits.split(".").map(Number);
  if (wildcard !== undefined && operator !== "==" && operator !== "!=") return undefined;
  switch (operator) {
    case "==":
    case "===":
      return (version) => (wildcard === undefined ? compare(version, wanted) === 0 : begins(version, wanted));
    case "!=":
      return (version) =>
        wildcard === undefined ? compare(version, wanted) !== 0 : !begins(version, wanted);
    case "~=":
      if (wanted.length < 2) return undefined;
      return (version) => compare(version, wanted) >= 0 && begins(version, wanted.slice(0, -1));
    case ">=":
      return (version) => compare(version, wanted) >= 0;
    case "<=":
      return (version) => compare(version, wanted) <= 0;
    case ">":
      return (version) => compare(version, wanted) > 0;
    case "<":
      return (version) => compare(version, wanted) < 0;
    default:
      return undefined;
  }
}

/** Missing parts count as zero: `3.11` equals `3.11.0`. */
function compare(a: Version, b: Version): number {
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function begins(version: Version, prefix: Version): boolean {
  return prefix.every((part, i) => part === (version[i] ?? 0));
}
