import { clean } from "@renovatebot/pep440";

export type Requirement = {
  name: string;
  extras: string[];
  specifier: string;
  marker: string;
  /** The package comes from an address: `name @ https://…`. */
  url: boolean;
};

/** Longest requirement that is read, characters, without its hashes. */
export const MAX_REQUIREMENT = 10_000;

const REQUIREMENT =
  /^([A-Za-z0-9][A-Za-z0-9._-]*)(?<=[A-Za-z0-9])(?![A-Za-z0-9._-])(?:\s*\[([^\]]*)\])?([^;]*)(?:;(.*))?$/s;

/** A package's name as indexes compare it (PEP 503). */
export function canonicalName(name: string): string {
  return name.replaceAll(/[-_.]+/g, "-").toLowerCase();
}

/** The parts of `name[extra]>=1; marker`, with canonical names and a normal specifier. Undefined for other text. */
export function parseRequirement(text: string): Requirement | undefined {
  const match = text.length > MAX_REQUIREMENT ? null : REQUIREMENT.exec(text.trim());
  if (match === null) return undefined;
  const [, name = "", extras = "", rest = "", marker = ""] = match;
  return {
    name: canonicalName(name),
    extras: extras.split(",").flatMap((extra) => (extra.trim() === "" ? [] : canonicalName(extra.trim()))),
    specifier: normalSpecifier(rest.trim().replace(/^\((.*)\)\s*$/, "$1")),
    marker: marker.trim(),
    url: rest.trim().startsWith("@"),
  };
}

/**
 * `>= 1.0 , <2.0-beta` as `<2.0b0,>=1.0`, so that equal sets of clauses are equal texts. Text that is no clause of
 * PEP 440 stays as it is.
 */
export function normalSpecifier(text: string): string {
  return text
    .split(",")
    .map((clause) => normalClause(clause.replaceAll(/\s+/g, "").toLowerCase()))
    .filter((clause) => clause !== "")
    .sort()
    .join(",");
}

function normalClause(clause: string): string {
  const [, operator = "", version = "", wildcard = ""] = /^([=<>!~]+)(.*?)(\.\*)?$/.exec(clause) ?? [];
  // `clean` puts commas between the parts of a local version.
  const normal = clean(version)?.replaceAll(",", ".");
  return normal === undefined ? clause : `${operator}${normal}${wildcard}`;
}
