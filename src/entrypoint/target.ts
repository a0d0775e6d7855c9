import { nearest } from "../lib/nearest.ts";
import { listed, refuse } from "./refuse.ts";
import type { Inventory } from "../python/inventory.ts";
import { COMMON_ROOTS, locateAbsolute, type ModuleName } from "../python/modules.ts";

const DOTTED = /^[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*$/u;

/** Usual names of an entrypoint, the likeliest first. */
const USUAL_NAMES = [
  "main.py",
  "app.py",
  "server.py",
  "api.py",
  "agent.py",
  "handler.py",
  "run.py",
  "index.py",
  "asgi.py",
  "wsgi.py",
  "manage.py",
];

/** A file, and its module if it was written as one. */
export type EntryFile = { file: string; spelled: ModuleName | undefined };

/**
 * The file that `entrypoint` names, as a path or as a module.
 *
 * @throws RunnerError CONFIG_ERROR that names the files that are there
 */
export function findEntryFile(written: string, inventory: Inventory): EntryFile {
  const path = written.replace(/^(?:\.\/)+/u, "").replace(/\/+$/u, "");
  if (path.startsWith("/") || path.split("/").includes("..")) {
    throw refuse(`entrypoint "${written}" must be a path inside the tarball, such as "main.py"`);
  }
  if (inventory.links.has(path)) {
    throw refuse(
      `entrypoint "${written}" is a symbolic link, which the runner does not follow: name the file it points to`,
    );
  }
  if (inventory.modules.has(path)) return { file: checkedName(path), spelled: undefined };
  if (inventory.otherFiles.has(path)) {
    throw refuse(
      `entrypoint "${written}" is not a Python file: name a file that ends in .py, or "module:attr"`,
    );
  }
  const module = findModule(path, COMMON_ROOTS, inventory);
  if (module !== undefined) return module;
  if (inventory.directories.has(path)) {
    return { file: fileOfDirectory(path, written, inventory), spelled: undefined };
  }
  throw missing(written, inventory);
}

/** A module by its dotted name, where Python finds it, or in the only other directory that has it. */
export function findModule(
  name: string,
  roots: readonly string[],
  inventory: Inventory,
): EntryFile | undefined {
  if (!DOTTED.test(name)) return undefined;
  for (const root of roots) {
    const located = locateAbsolute(name, [root], inventory);
    if (located !== undefined && "file" in located) {
      return { file: located.file, spelled: { module: name, root } };
    }
  }
  const tails = [`/${name.replaceAll(".", "/")}.py`, `/${name.replaceAll(".", "/")}/__init__.py`];
  const [file, ...others] = [...inventory.modules].filter((path) =>
    tails.some((tail) => path.endsWith(tail)),
  );
  if (file === undefined || others.length > 0) return undefined;
  const tail = tails.find((candidate) => file.endsWith(candidate)) ?? "";
  return { file, spelled: { module: name, root: file.slice(0, -tail.length) } };
}

/** Files that may have been meant. Those near the root come first, and of them those with usual names. */
export function likelyFiles(inventory: Inventory): string[] {
  return [...inventory.modules]
    .filter(
      (file) =>
        !/(?:^|\/)(?:tests?|docs?|migrations)\/|(?:^|\/)(?:test_[^/]*|conftest|setup|__init__)\.py$/u.test(
          file,
        ),
    )
    .sort((one, other) => distanceOf(one) - distanceOf(other) || one.localeCompare(other));
}

function distanceOf(file: string): number {
  const usual = USUAL_NAMES.indexOf(file.split("/").at(-1) ?? "");
  return file.split("/").length * 100 + (usual === -1 ? USUAL_NAMES.length : usual);
}

function fileOfDirectory(path: string, written: string, inventory: Inventory): string {
  const main = path === "" ? "__main__.py" : `${path}/__main__.py`;
  if (inventory.modules.has(main)) return main;
  const inside = likelyFiles(inventory).find((file) => path === "" || file.startsWith(`${path}/`));
  const hint = inside === undefined ? "" : `: write entrypoint = "${inside}"`;
  throw refuse(`entrypoint "${written}" is a directory, not a Python file${hint}`);
}

function checkedName(path: string): string {
  const dotted = path
    .replace(/\.py$/u, "")
    .split("/")
    .find((part) => part.includes("."));
  if (dotted === undefined) return path;
  throw refuse(
    `entrypoint "${path}" cannot be imported because "${dotted}" has a dot in its name: rename it, to "${dotted.replaceAll(".", "_")}" for example`,
  );
}

function missing(written: string, inventory: Inventory): Error {
  const files = likelyFiles(inventory);
  const like = nearest(written, files);
  const likely = [...new Set([...(like === undefined ? [] : [like]), ...files])].slice(0, 4);
  if (likely[0] === undefined) {
    return refuse(`entrypoint "${written}" is not in the tarball, which has no Python file at all`);
  }
  const there = listed(
    likely.map((file) => `"${file}"`),
    "and",
  );
  return refuse(
    `entrypoint "${written}" is not in the tarball, which has ${there}: write entrypoint = "${likely[0]}" in oken.toml, for example`,
    { candidates: likely },
  );
}
