import { readdir } from "node:fs/promises";

import { escapeName } from "../lib/text.ts";
import { entrypointPath } from "./entrypoint-path.ts";
import { integerField, invalid, MANIFEST_FILE, stringField } from "./fields.ts";
import { MANIFEST_KEYS } from "./keys.ts";
import { nearest } from "./nearest.ts";
import { pythonVersion } from "./python-version.ts";
import { cpusField, memoryField } from "./resources.ts";
import { isTable, lineOf, parseToml } from "./toml.ts";
import { readConfigFile } from "./config-file.ts";
import { configError, configTomlError } from "./errors.ts";
import { openTree } from "../upload/tree.ts";
import type { EntrypointType, Manifest } from "../model/manifest.ts";
import type { Fields } from "./fields.ts";

const KNOWN_KEYS: readonly string[] = Object.keys(MANIFEST_KEYS);

/** Timers hold at most 2^31 ms, about 24 days; both times stay below. */
const MAX_SECONDS = 2_000_000;
const MAX_CONCURRENCY = 1000;
const MAX_NAME_CHARS = 200;
const MAX_KEY_WARNINGS = 10;
const MAX_LISTED = 10;

/** What a key means when it is not written, and the most a host gives; units as in {@link Manifest}. */
export type ManifestDefaults = {
  pythonVersion: string;
  warmTimeout: number;
  concurrency: number;
  timeout: number;
  memory: number;
  maxMemory: number;
  cpus: number;
  maxCpus: number;
  port: number;
  healthPath: string;
};

/**
 * Reads `oken.toml` at the root of `tree`; keys stand in `[agent]`, or at the top level when there is no such
 * table. Unknown keys give a warning each, with the known name nearest to them.
 *
 * @throws RunnerError CONFIG_ERROR naming the key, its value, its line and what is allowed
 */
export async function readManifest(
  tree: string,
  defaults: ManifestDefaults,
): Promise<{ manifest: Manifest; warnings: string[] }> {
  const source = openTree(tree);
  const text = await readConfigFile(source, MANIFEST_FILE);
  if (text === undefined) throw await missingManifest(tree);
  const warnings: string[] = [];
  const fields = agentFields(text, warnings);
  const entrypoint = entrypointPath(fields);
  const manifest: Manifest = {
    name: nameField(fields),
    pythonVersion: await pythonVersion(source, fields, {
      fallback: defaults.pythonVersion,
      warnings,
      entrypointFile: entrypoint.file,
    }),
    entrypointFile: entrypoint.file,
    entrypointAttr: entrypoint.attr,
    entrypointType: entrypointTypeField(fields),
    warmTimeout: secondsField(fields, "warm_timeout", { min: 0, fallback: defaults.warmTimeout }),
    concurrency: integerField(fields, "concurrency", {
      min: 1,
      max: MAX_CONCURRENCY,
      unit: "requests",
      fallback: defaults.concurrency,
    }),
    timeout: secondsField(fields, "timeout", { min: 1, fallback: defaults.timeout }),
    memory: memoryField(fields, { fallback: defaults.memory, max: defaults.maxMemory }, warnings),
    cpus: cpusField(fields, { fallback: defaults.cpus, max: defaults.maxCpus }, warnings),
    port: integerField(fields, "port", { min: 1, max: 65_535, unit: "the port", fallback: defaults.port }),
    healthPath: healthPathField(fields, defaults.healthPath),
  };
  return { manifest, warnings };
}

function agentFields(text: string, warnings: string[]): Fields {
  const document = parseToml(text, MANIFEST_FILE, configTomlError(MANIFEST_FILE));
  const { agent } = document;
  const top: Fields = { table: document, tableName: "", text };
  if (agent === undefined) {
    warnUnknown(top, warnings);
    return top;
  }
  if (!isTable(agent)) throw invalid(top, "agent", { value: agent, allowed: "it is the table [agent]" });
  const fields: Fields = { table: agent, tableName: "agent", text };
  warnUnknown(fields, warnings);
  const outside = Object.keys(document).filter((key) => key !== "agent");
  for (const key of outside.slice(0, MAX_KEY_WARNINGS)) {
    warnings.push(`${where(top, key)}: "${escapeName(key)}" stands outside [agent] and is ignored`);
  }
  return fields;
}

function warnUnknown(fields: Fields, warnings: string[]): void {
  const unknown = Object.keys(fields.table).filter((key) => !KNOWN_KEYS.includes(key));
  for (const key of unknown.slice(0, MAX_KEY_WARNINGS)) {
    const known = nearest(key, KNOWN_KEYS);
    const hint = known === undefined ? "" : `; did you mean "${known}"?`;
    warnings.push(`${where(fields, key)}: unknown key "${escapeName(key)}" is ignored${hint}`);
  }
  const more = unknown.length - MAX_KEY_WARNINGS;
  if (more > 0) warnings.push(`${more} more unknown keys are ignored`);
}

function where(fields: Fields, key: string): string {
  const line = lineOf(fields.text, fields.tableName, key);
  return line === undefined ? MANIFEST_FILE : `${MANIFEST_FILE} line ${line}`;
}

function nameField(fields: Fields): string {
  const allowed = `it is a text of 1 to ${MAX_NAME_CHARS} characters on one line`;
  const name = stringField(fields, "name", allowed);
  if (name === undefined) {
    const message = `${MANIFEST_FILE} has no "name"; add a line such as name = "my-agent"`;
    throw configError(message, { file: MANIFEST_FILE, key: "name" });
  }
  if (name.trim() === "" || name.length > MAX_NAME_CHARS || /\p{Cc}/u.test(name)) {
    throw invalid(fields, "name", { value: name, allowed });
  }
  return name;
}

function entrypointTypeField(fields: Fields): EntrypointType | undefined {
  const value = fields.table.entrypoint_type;
  if (value === undefined || value === "handler" || value === "agent" || value === "http") return value;
  throw invalid(fields, "entrypoint_type", { value, allowed: 'it is one of "handler", "agent", "http"' });
}

function secondsField(fields: Fields, key: string, range: { min: number; fallback: number }): number {
  return integerField(fields, key, { ...range, max: MAX_SECONDS, unit: "seconds" });
}

function healthPathField(fields: Fields, fallback: string): string {
  const allowed = 'it is a path such as "/health"';
  const value = stringField(fields, "health_path", allowed);
  if (value === undefined) return fallback;
  if (!/^\/(?!\/)[\w\-.~!$&'()*+,;=:@%/?]{0,500}$/.test(value)) {
    throw invalid(fields, "health_path", { value, allowed });
  }
  return value;
}

/** Most often the tarball was made one level too high, or the name has a capital. */
async function missingManifest(tree: string) {
  const entries = await readdir(tree, { withFileTypes: true });
  const similar = entries.find(({ name }) => name.toLowerCase() === MANIFEST_FILE);
  const names = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)).sort();
  const listed =
    names.slice(0, MAX_LISTED).map(escapeName).join(", ") + (names.length > MAX_LISTED ? ", …" : "");
  const hint =
    similar === undefined
      ? `it holds ${listed}`
      : `it has ${escapeName(similar.name)}, whose letters must be small`;
  return configError(`the tarball has no ${MANIFEST_FILE} at its root; ${hint}`, {
    reason: "config_missing",
    file: MANIFEST_FILE,
  });
}
