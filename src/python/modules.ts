import type { ModuleReference } from "./facts.ts";
import type { Inventory } from "./inventory.ts";

/** A dotted name, and the directory from which it is imported. */
export type ModuleName = { module: string; root: string };
export type ModulePlace = ModuleName & { file: string };

/** What an import names: a file or a directory of the tarball. Undefined for a package from outside. */
export type Located = { file: string } | { directory: string } | undefined;

/** The directories that every agent imports from: the tarball's root and `src`. */
export const COMMON_ROOTS: readonly string[] = ["", "src"];

/**
 * The dotted name of a file. Its root is the first directory above it without `__init__.py`, or, if relative imports of the
 * file reach further up, the one that they reach.
 *
 * @param levels the most dots at the start of a relative import of the file
 */
export function placeOf(file: string, levels: number, { modules }: Inventory): ModulePlace {
  const directories = file.split("/");
  const last = directories.pop() ?? file;
  const names = [last.replace(/\.py$/u, "")];
  const reach = Math.min(levels, directories.length);
  let depth = directories.length;
  const isPackage = (length: number) => modules.has(join([...directories.slice(0, length), "__init__.py"]));
  while (depth > 0 && (isPackage(depth) || directories.length - depth < reach)) depth -= 1;
  names.unshift(...directories.slice(depth));
  if (names.at(-1) === "__init__" && names.length > 1) names.pop();
  // Relative imports may reach above the tarball's root. In the container it is `/app`, so their package is `app`.
  if (levels > directories.length) return { file, module: `app.${names.join(".")}`, root: ".." };
  return { file, module: names.join("."), root: join(directories.slice(0, depth)) };
}

/** Finds `a.b` as Python does with `roots` on its path. The first root that has `a` decides. */
export function locateAbsolute(path: string, roots: readonly string[], inventory: Inventory): Located {
  const parts = path.split(".");
  for (const root of roots) {
    const first = locate(join([root, parts[0] ?? ""]), inventory);
    if (first === undefined) continue;
    const whole = locate(join([root, ...parts]), inventory);
    // A directory that lacks the module does not hide an installed package of its name.
    if (whole !== undefined || "file" in first) return whole;
  }
  return undefined;
}

/** @param file the importing module */
export function locateRelative(reference: ModuleReference, file: string, inventory: Inventory): Located {
  const directories = file.split("/").slice(0, -1);
  const up = reference.level - 1;
  if (up > directories.length) return undefined;
  const base = directories.slice(0, directories.length - up);
  const parts = reference.path === "" ? [] : reference.path.split(".");
  return locate(join([...base, ...parts]), inventory);
}

/** A submodule of what was found: `b` of the package `a`. */
export function locateWithin(located: Located, name: string, inventory: Inventory): Located {
  if (located === undefined) return undefined;
  if ("directory" in located) return locate(join([located.directory, name]), inventory);
  if (!located.file.endsWith("__init__.py")) return undefined;
  return locate(join([...located.file.split("/").slice(0, -1), name]), inventory);
}

function locate(path: string, { modules, directories }: Inventory): Located {
  const initialiser = join([path, "__init__.py"]);
  if (modules.has(initialiser)) return { file: initialiser };
  if (path !== "" && modules.has(`${path}.py`)) return { file: `${path}.py` };
  return directories.has(path) ? { directory: path } : undefined;
}

function join(parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join("/");
}
