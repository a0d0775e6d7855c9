import { AGENT_HOME } from "../lib/agent-container.ts";
import { MiB, parseBytes } from "../lib/bytes.ts";
import { nearest } from "../lib/nearest.ts";
import { escapeName } from "../lib/text.ts";
import type { Volume } from "../model/manifest.ts";
import { type Fields, booleanField, invalid, placeOf } from "./fields.ts";
import { isTable } from "./toml.ts";

const KEYS = ["path", "size", "shared"];

/** An empty file system has some blocks of its own. */
const MIN_SIZE_BYTES = MiB;

/** An agent with more keeps its data in one of them, in directories. */
const MAX_VOLUMES = 8;

const MAX_PATH_CHARS = 200;

/** Parts of letters that no program on the way to the mount reads as anything else. */
const PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)+$/;

/** Directories of the image, of the kernel and of the runner. What is in them would be hidden, or belong to another. */
const TAKEN = [
  ...["/app", "/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/proc"],
  ...["/root", "/run", "/sbin", "/sys", "/tmp", "/usr", "/var", AGENT_HOME],
];

/**
 * The tables `[[volumes]]`, or `[[agent.volumes]]`: directories that outlive the container. Undefined where there are
 * none.
 *
 * @throws RunnerError CONFIG_ERROR that names the key, its value and what is allowed
 */
export function volumesField(
  top: Fields,
  agent: Fields,
  /** `refused`: why agents have none here, if they have not. */
  { refused, warnings }: { refused?: string | undefined; warnings: string[] },
): Volume[] | undefined {
  const owner = top.table.volumes === undefined ? agent : top;
  const value: unknown = owner.table.volumes ?? [];
  if (!Array.isArray(value) || !value.every(isTable))
    throw invalid(owner, "volumes", { value, allowed: "each volume is a table [[volumes]] with a path" });
  if (refused !== undefined && value.length > 0)
    throw invalid(owner, "volumes", { value: value.map(({ path }) => path), allowed: refused });
  if (value.length > MAX_VOLUMES)
    throw invalid(owner, "volumes", {
      value: `${value.length} volumes`,
      allowed: `at most ${MAX_VOLUMES} are taken`,
    });
  const tableName = owner.tableName === "" ? "volumes" : `${owner.tableName}.volumes`;
  // Which of several tables a line is of, nobody knows.
  const text = value.length === 1 ? top.text : "";
  const volumes: Volume[] = [];
  for (const table of value) {
    const fields: Fields = { table, tableName, text };
    warnUnknown(fields, warnings);
    volumes.push({
      path: pathField(fields, volumes),
      ...sizeField(fields),
      shared: booleanField(fields, "shared"),
    });
  }
  return volumes.length === 0 ? undefined : volumes.sort((one, other) => (one.path < other.path ? -1 : 1));
}

function pathField(fields: Fields, others: Volume[]): string {
  const value: unknown = fields.table.path;
  const refuse = (allowed: string) => invalid(fields, "path", { value: value ?? null, allowed });
  if (typeof value !== "string" || value.length > MAX_PATH_CHARS || !PATH.test(value))
    throw refuse(
      `it is an absolute path such as "/data", of letters, digits, dots, dashes and underscores, without "." or ".." and without a slash at its end`,
    );
  const taken = TAKEN.find((it) => meet(it, value));
  if (taken !== undefined)
    throw refuse(`${taken} is not the agent's own to keep data in; take a path such as "/data"`);
  const other = others.find(({ path }) => meet(path, value));
  if (other !== undefined)
    throw refuse(`no volume is inside another, and there is one at ${JSON.stringify(other.path)}`);
  return value;
}

function sizeField(fields: Fields): { size?: number } {
  const value = fields.table.size;
  if (value === undefined) return {};
  const size = typeof value === "string" ? parseBytes(value) : value;
  if (typeof size === "number" && Number.isSafeInteger(size) && size >= MIN_SIZE_BYTES) return { size };
  const allowed = 'it is a number of bytes or a text such as "500m" or "1g", at least "1m"';
  throw invalid(fields, "size", { value, allowed });
}

function meet(one: string, other: string): boolean {
  return isWithin(one, other) || isWithin(other, one);
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

function warnUnknown(fields: Fields, warnings: string[]): void {
  for (const key of Object.keys(fields.table).filter((it) => !KEYS.includes(it))) {
    const known = nearest(key, KEYS);
    const hint = known === undefined ? "" : `; did you mean "${known}"?`;
    warnings.push(`${placeOf(fields, key)}: unknown key "${escapeName(key)}" of a volume is ignored${hint}`);
  }
}
