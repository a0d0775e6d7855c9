import { clean } from "@renovatebot/pep440";

/** A package's name as indexes compare it (PEP 503). */
export function canonicalName(name: string): string {
  return name.replaceAll(/[-_.]+/g, "-").toLowerCase();
}

/** Of `name[extra]>=1; marker` the canonical names, and the version part in a form that can be compared. */
export function parseRequirement(
  text: string,
): { name: string; extras: string[]; specifier: string; marker: string; url: boolean } | undefined {
  const match =
    /^\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[([^\]]*)\])?\s*([^;]*)(?:;(.*))?$/.exec(text);
  if (match === null) return undefined;
  const [, name = "", extras = "", rest = "", marker = ""] = match;
  return {
    name: canonicalName(name),
    extras: extras.split(",").flatMap((extra) => (extra.trim() === "" ? [] : canonicalName(extra.trim()))),
    specifier: normalSpecifier(rest.replace(/^\((.*)\)\s*$/, "$1")),
    marker: marker.trim(),
    url: rest.trim().startsWith("@"),
  };
}

/**
 * `>= 1.0 , <2.0-beta` as `<2.0b0,>=1.0`: the same set of clauses gives the same text, as uv writes it. Text that is no
 * clause of PEP 440 stays as it is.
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
