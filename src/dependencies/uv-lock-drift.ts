import type { Pyproject } from "../manifest/pyproject.ts";
import { stringOf, strings, table, tables, type TomlTable } from "../manifest/toml.ts";
import { lockDrift, type LockOrigin } from "./drift.ts";
import { canonicalName, normalSpecifier, parseRequirement } from "./names.ts";

/** Compares what a `uv.lock` was made from with the project as it is now. */
export function assertProjectLock(packages: TomlTable[], pyproject: Pyproject, origin: LockOrigin): void {
  const { project, groups } = pyproject;
  const name = stringOf(project?.["name"]);
  if (name === undefined) return;
  const own = packages.find((entry) => nameOf(entry) === canonicalName(name));
  if (own === undefined) throw lockDrift(origin, `it locks no project named ${name}`);
  const metadata = table(own["metadata"]);
  // Dependencies that a build backend computes are not known here.
  if (metadata === undefined || strings(project?.["dynamic"]).length > 0) return;
  const wanted = [
    ...strings(project?.["dependencies"]),
    ...Object.values(table(project?.["optional-dependencies"]) ?? {}).flatMap(strings),
  ];
  assertSame(wanted, tables(metadata["requires-dist"]), { origin, where: "dependencies" });
  const lockedGroups = Object.entries(table(metadata["requires-dev"]) ?? {});
  for (const [group, requirements] of Object.entries(groups ?? {})) {
    if (includesAnother(requirements)) continue;
    const locked = lockedGroups.find(([key]) => canonicalName(key) === canonicalName(group));
    assertSame(strings(requirements), tables(locked?.[1]), { origin, where: `the group ${group}` });
  }
}

/** Compares what a script's lock was made from with the script's inline metadata as it is now. */
export function assertScriptLock(lock: TomlTable, script: Pyproject, origin: LockOrigin): void {
  const requirements = tables(table(lock["manifest"])?.["requirements"]);
  assertSame(strings(script.project?.["dependencies"]), requirements, { origin, where: "dependencies" });
  const wanted = stringOf(script.project?.["requires-python"]);
  const locked = stringOf(lock["requires-python"]) ?? "";
  if (wanted !== undefined && normalSpecifier(wanted) !== normalSpecifier(locked)) {
    const difference = `${origin.project} asks for Python \`${wanted}\`, and the lock was made for \`${locked}\``;
    throw lockDrift(origin, difference);
  }
}

/** In the lock, a group that includes another is written out, so the two cannot be compared line by line. */
function includesAnother(requirements: unknown): boolean {
  return Array.isArray(requirements) && requirements.some((item) => typeof item !== "string");
}

type Place = { origin: LockOrigin; where: string };

function assertSame(wanted: string[], locked: TomlTable[], { origin, where }: Place): void {
  const wantedKeys = wanted.flatMap((text) => keyOfRequirement(text) ?? []);
  const lockedKeys = locked.map(keyOfEntry);
  for (const { name, specifier, text } of wantedKeys) {
    // A package with a source of its own is locked without its specifier.
    const found = lockedKeys.some(
      (key) => key.name === name && (key.specifier === specifier || key.specifier === ""),
    );
    if (!found)
      throw lockDrift(origin, `${origin.project} asks for \`${text}\` in ${where}, and the lock does not`);
  }
  for (const { name, text } of lockedKeys) {
    const found = wantedKeys.some((key) => key.name === name);
    if (!found) {
      throw lockDrift(origin, `it has \`${text}\`, which ${origin.project} no longer asks for in ${where}`);
    }
  }
}

/** What is compared of a requirement: the name with its extras, and the specifier. `text` is for a message. */
type Key = { name: string; specifier: string; text: string };

function keyOfRequirement(text: string): Key | undefined {
  const requirement = parseRequirement(text);
  if (requirement === undefined) return undefined;
  const { name, extras, url, specifier } = requirement;
  return { name: withExtras(name, extras), specifier: url ? "" : specifier, text };
}

function keyOfEntry(entry: TomlTable): Key {
  const name = withExtras(nameOf(entry), strings(entry["extras"]));
  const specifier = normalSpecifier(stringOf(entry["specifier"]) ?? "");
  return { name, specifier, text: `${name}${specifier}` };
}

function nameOf(entry: TomlTable): string {
  return canonicalName(stringOf(entry["name"]) ?? "");
}

function withExtras(name: string, extras: string[]): string {
  return extras.length === 0 ? name : `${name}[${extras.toSorted().join(",")}]`;
}
