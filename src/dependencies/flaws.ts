import { nearest } from "../lib/nearest.ts";
import { MAX_REQUIREMENT } from "./names.ts";

const REQUIREMENT = /^([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?\s*([^;]*)(?:;(.*))?$/;
const CLAUSE = /^(?:(?:~=|==|!=|<=|>=|<|>)\s*v?\d[\w.*+!-]*|===\s*\S+)$/;
const MARKER_WORDS = new Set(
  `and or not in python_version python_full_version os_name sys_platform platform_release platform_system
  platform_version platform_machine platform_python_implementation implementation_name implementation_version extra
  extras dependency_groups os.name sys.platform platform.version platform.machine platform.python_implementation
  python_implementation`.split(/\s+/),
);

/**
 * What keeps a text from being a requirement (PEP 508). Undefined for one that is, as far as is looked: uv has the last
 * word, but takes a project whose dependencies it cannot read for one that must be built.
 */
export function flawOf(requirement: string): string | undefined {
  if (requirement.length > MAX_REQUIREMENT) return `it has more than ${MAX_REQUIREMENT} characters`;
  const match = REQUIREMENT.exec(requirement.trim());
  if (match === null) return "it does not begin with the name of a package";
  const [, name = "", extras = "", rest = "", marker] = match;
  if (rest.startsWith("@")) return undefined;
  return specifierFlaw(`${name}${extras}`, rest) ?? (marker === undefined ? undefined : markerFlaw(marker));
}

function specifierFlaw(name: string, text: string): string | undefined {
  const clauses = text.replace(/^\((.*)\)\s*$/, "$1").split(",");
  // A comma at the end is allowed.
  const flawed = clauses
    .map((clause) => clause.trim())
    .find((clause) => clause !== "" && !CLAUSE.test(clause));
  if (flawed === undefined) return undefined;
  const version = /^[=<>!~]*\s*v?(\d[\w.*+!-]*)/.exec(flawed)?.[1];
  const instead = version === undefined ? "" : `; write \`${name}==${version}\` or \`${name}>=${version}\``;
  return `\`${flawed.slice(0, 80)}\` is no version${instead}`;
}

function markerFlaw(marker: string): string | undefined {
  const words = marker.replaceAll(/"[^"]*"|'[^']*'/g, " ").match(/[A-Za-z_][\w.]*|["']/g) ?? [];
  const unknown = words.find((word) => !MARKER_WORDS.has(word));
  if (unknown === undefined) return undefined;
  const known = nearest(unknown, [...MARKER_WORDS]);
  const hint = known === undefined ? "" : `; did you mean \`${known}\`?`;
  return `\`${unknown.slice(0, 80)}\` means nothing after the semicolon${hint}`;
}
