import { lstat } from "node:fs/promises";
import { join } from "node:path";

import { invalid, stringField } from "./fields.ts";
import type { Fields } from "./fields.ts";

const DEFAULT_ENTRYPOINT = "main.py";
const ALLOWED =
  'it is the path of a .py file in the tarball, such as "main.py", or "module:attribute", such as "app.main:app"';
const MAX_CHARS = 512;
const FILE = /^(?!-)[\p{L}\p{N}_.@+-]+(?:\/(?!-)[\p{L}\p{N}_.@+-]+)*\.py$/u;
const DOTTED = /^[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*$/u;
/** Where a module may lie: beside oken.toml, or in the `src` layout that Python packaging recommends. */
const MODULE_ROOTS = ["", "src/"];

export type EntrypointPath = { file: string; attr: string | undefined };

/**
 * The entrypoint's file, present in the tree and reached through no link, and the attribute if one is named.
 *
 * @throws RunnerError CONFIG_ERROR when it leaves the tree, is not there, or is no Python file
 */
export async function entrypointPath(tree: string, fields: Fields): Promise<EntrypointPath> {
  const value = stringField(fields, "entrypoint", ALLOWED) ?? DEFAULT_ENTRYPOINT;
  const [target = "", attr, ...rest] = value.length > MAX_CHARS ? [] : value.split(":");
  if (rest.length > 0 || (attr !== undefined && !DOTTED.test(attr))) {
    throw invalid(fields, "entrypoint", { value, allowed: ALLOWED });
  }
  const candidates = filesFor(target, attr);
  if (candidates.length === 0) throw invalid(fields, "entrypoint", { value, allowed: ALLOWED });
  for (const file of candidates) if (await isPlainFile(tree, file)) return { file, attr };

  const missing = `the tarball has no file ${candidates.join(" or ")}`;
  const allowed = fields.table.entrypoint === undefined ? `${missing} (the default); name yours` : missing;
  throw invalid(fields, "entrypoint", { value, allowed });
}

function filesFor(target: string, attr: string | undefined): string[] {
  const file = target.startsWith("./") ? target.slice(2) : target;
  if (FILE.test(file)) return file.split("/").some((part) => part === "." || part === "..") ? [] : [file];
  if (attr === undefined || !DOTTED.test(target)) return [];
  const path = target.replaceAll(".", "/");
  return MODULE_ROOTS.flatMap((root) => [`${root}${path}.py`, `${root}${path}/__init__.py`]);
}

/** Every step is looked at without following it, so that no link can lead out of the tree. */
async function isPlainFile(tree: string, file: string): Promise<boolean> {
  const parts = file.split("/");
  for (let depth = 1; depth <= parts.length; depth += 1) {
    const found = await lstat(join(tree, ...parts.slice(0, depth))).catch(() => undefined);
    const expected = depth < parts.length ? found?.isDirectory() : found?.isFile();
    if (expected !== true) return false;
  }
  return true;
}
