import { type Fields, invalid, stringField } from "./fields.ts";

const DEFAULT_ENTRYPOINT = "main.py";
const ALLOWED =
  'it is the path of a .py file in the tarball, such as "main.py", or "module:attribute", such as "app.main:app" or "app.main:create_app()"';
const MAX_CHARS = 512;
const FILE = /^(?!-)[\p{L}\p{N}_.@+-]+(?:\/(?!-)[\p{L}\p{N}_.@+-]+)*\.py$/u;
const DOTTED = /^[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*$/u;
const ATTRIBUTE = /^[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*(?:\(\))?$/u;

export type EntrypointPath = {
  /** A path, or the module of `module:attr` as it was written. It may not exist. */
  file: string;
  attr: string | undefined;
};

/**
 * Reads `entrypoint`.
 *
 * @throws RunnerError CONFIG_ERROR when it is no file or module inside the tree
 */
export function entrypointPath(fields: Fields): EntrypointPath {
  const value = stringField(fields, "entrypoint", ALLOWED) ?? DEFAULT_ENTRYPOINT;
  const [target = "", attr, ...rest] = value.length > MAX_CHARS ? [] : value.split(":");
  const file = target.startsWith("./") ? target.slice(2) : target;
  const isTarget = isFile(file) || (attr !== undefined && DOTTED.test(file));
  if (isTarget && rest.length === 0 && (attr === undefined || ATTRIBUTE.test(attr))) return { file, attr };
  throw invalid(fields, "entrypoint", { value, allowed: ALLOWED });
}

function isFile(path: string): boolean {
  return FILE.test(path) && !path.split("/").some((part) => part === "." || part === "..");
}
