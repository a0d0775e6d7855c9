import { type Fields, invalid } from "./fields.ts";

/** A name as Debian's policy has it, perhaps with the version that is wanted: https://www.debian.org/doc/debian-policy/ch-controlfields.html */
const PACKAGE = /^(?<name>[a-z0-9][a-z0-9+.-]{1,99})(?:=(?:\d{1,10}:)?\d[A-Za-z0-9.+~-]{0,99})?$/;
const ALLOWED =
  'it is a list of Debian packages such as ["ffmpeg", "libgl1"], or "ffmpeg=7:7.1.1-1" with a version';
const MAX_PACKAGES = 100;

/**
 * The key `system_packages`, in alphabetical order. Undefined where there are none.
 *
 * @param refused why this host installs none, if it does not
 * @throws RunnerError CONFIG_ERROR that names the package and what is allowed
 */
export function systemPackagesField(fields: Fields, refused: string | undefined): string[] | undefined {
  const value = fields.table.system_packages ?? [];
  if (!Array.isArray(value)) throw invalid(fields, "system_packages", { value, allowed: ALLOWED });
  if (value.length === 0) return undefined;
  if (refused !== undefined) throw invalid(fields, "system_packages", { value, allowed: refused });
  if (value.length > MAX_PACKAGES) {
    const allowed = `at most ${MAX_PACKAGES} are named`;
    throw invalid(fields, "system_packages", { value: `${value.length} packages`, allowed });
  }
  const wanted = new Map<string, string>();
  for (const item of value as unknown[]) {
    const name = typeof item === "string" ? PACKAGE.exec(item)?.groups?.["name"] : undefined;
    if (typeof item !== "string" || name === undefined) {
      throw invalid(fields, "system_packages", { value: item, allowed: ALLOWED });
    }
    if ((wanted.get(name) ?? item) !== item) {
      throw invalid(fields, "system_packages", { value: item, allowed: `${name} is named in two versions` });
    }
    wanted.set(name, item);
  }
  return [...wanted.values()].sort();
}
