import { readdir } from "node:fs/promises";

import { escapeName } from "../lib/text.ts";
import type { EntrypointType, Manifest } from "../model/manifest.ts";
import { openTree } from "../upload/tree.ts";
import { readConfigFile } from "./config-file.ts";
import type { Destination } from "../lib/destinations.ts";
import { egressFields } from "./egress.ts";
import { envField } from "./env.ts";
import { entrypointPath } from "./entrypoint-path.ts";
import { configError, configTomlError } from "./errors.ts";
import {
  type Fields,
  integerField,
  invalid,
  MANIFEST_FILE,
  placeOf,
  secondsField,
  stringField,
} from "./fields.ts";
import { MANIFEST_KEYS } from "./keys.ts";
import { labelsField } from "./labels.ts";
import { nearest } from "../lib/nearest.ts";
import { placementField } from "./placement.ts";
import { pythonVersion } from "./python-version.ts";
import { replicasField } from "./replicas.ts";
import { type Capped, cpusField, memoryField } from "./resources.ts";
import { systemPackagesField } from "./system-packages.ts";
import { isTable, parseToml } from "./toml.ts";
import { volumesField } from "./volumes.ts";
import { warmthFields } from "./warmth.ts";

const KNOWN_KEYS: readonly string[] = Object.keys(MANIFEST_KEYS);

/** They stand beside [agent]. */
const OTHER_TABLES = new Set(["network", "env", "labels", "volumes", "placement"]);

const MAX_CONCURRENCY = 1000;
const MAX_NAME_CHARS = 200;
const MAX_KEY_WARNINGS = 10;
const MAX_LISTED = 10;

/** The values of keys that are not written, and the most that the host gives. The units are those of {@link Manifest}. */
export type ManifestDefaults = {
  pythonVersion: string;
  warmTimeout: number;
  pauseAfter: number;
  concurrency: number;
  timeout: number;
  memory: Capped;
  cpus: Capped;
  port: number;
  healthPath: string;
  /** The private destinations that agents may ask for. */
  egressAllow: Destination[];
  /** Why this host installs no Debian packages; undefined where it does. */
  noSystemPackages: string | undefined;
  /** What its agents cannot have, each with the reason. */
  lacks: { volumes?: string; egress?: string; pause?: string; placement?: string };
};

/**
 * Reads `oken.toml` at the root of `tree`. Its keys are in `[agent]`, or at the top level when there is no such table.
 * Each unknown key gives a warning with the nearest known one.
 *
 * @throws RunnerError CONFIG_ERROR that names the key, its value, its line and what is allowed
 */
export async function readManifest(
  tree: string,
  defaults: ManifestDefaults,
): Promise<{ manifest: Manifest; warnings: string[] }> {
  const source = openTree(tree);
  const text = await readConfigFile(source, MANIFEST_FILE);
  if (text === undefined) throw await missingManifest(tree);
  const warnings: string[] = [];
  const { top, fields } = agentFields(text, warnings);
  const entrypoint = entrypointPath(fields);
  const volumes = volumesField(top, fields, { refused: defaults.lacks.volumes, warnings });
  const manifest: Manifest = {
    name: nameField(fields, top),
    pythonVersion: await pythonVersion(source, fields, {
      fallback: defaults.pythonVersion,
      warnings,
      entrypointFile: entrypoint.file,
    }),
    entrypointFile: entrypoint.file,
    entrypointAttr: entrypoint.attr,
    entrypointType: entrypointTypeField(fields),
    ...warmthFields(fields, defaults, warnings),
    replicas: replicasField(fields, volumes),
    concurrency: integerField(fields, "concurrency", {
      min: 1,
      max: MAX_CONCURRENCY,
      unit: "requests",
      fallback: defaults.concurrency,
    }),
    timeout: secondsField(fields, "timeout", { min: 1, fallback: defaults.timeout }),
    memory: memoryField(fields, defaults.memory, warnings),
    cpus: cpusField(fields, defaults.cpus, warnings),
    port: integerField(fields, "port", { min: 1, max: 65_535, unit: "the port", fallback: defaults.port }),
    healthPath: healthPathField(fields, defaults.healthPath),
    egress: egressFields(fields, top, { hostAllows: defaults.egressAllow, refused: defaults.lacks.egress }),
    env: envField(top, fields),
    labels: labelsField(top, fields),
    volumes,
    placement: placementField(top, fields, { refused: defaults.lacks.placement }),
    systemPackages: systemPackagesField(fields, defaults.noSystemPackages),
  };
  return { manifest, warnings };
}

/** The fields of the agent, and those of the whole document. */
function agentFields(text: string, warnings: string[]): { top: Fields; fields: Fields } {
  const document = parseToml(text, MANIFEST_FILE, configTomlError(MANIFEST_FILE));
  const { agent } = document;
  const top: Fields = { table: document, tableName: "", text };
  if (agent === undefined) {
    warnUnknown(top, warnings);
    return { top, fields: top };
  }
  if (!isTable(agent)) throw invalid(top, "agent", { value: agent, allowed: "it is the table [agent]" });
  const fields: Fields = { table: agent, tableName: "agent", text };
  warnUnknown(fields, warnings);
  const outside = Object.keys(document).filter((key) => key !== "agent" && !OTHER_TABLES.has(key));
  for (const key of outside.slice(0, MAX_KEY_WARNINGS)) {
    warnings.push(`${placeOf(top, key)}: "${escapeName(key)}" is outside [agent] and is ignored`);
  }
  return { top, fields };
}

function warnUnknown(fields: Fields, warnings: string[]): void {
  const unknown = Object.keys(fields.table).filter(
    (key) => !KNOWN_KEYS.includes(key) && !OTHER_TABLES.has(key),
  );
  for (const key of unknown.slice(0, MAX_KEY_WARNINGS)) {
    const known = nearest(key, KNOWN_KEYS);
    const hint = known === undefined ? "" : `; did you mean "${known}"?`;
    warnings.push(`${placeOf(fields, key)}: unknown key "${escapeName(key)}" is ignored${hint}`);
  }
  const more = unknown.length - MAX_KEY_WARNINGS;
  if (more > 0) warnings.push(`${more} more unknown keys are ignored`);
}

function nameField(fields: Fields, top: Fields): string {
  const allowed = `it is a text of 1 to ${MAX_NAME_CHARS} characters on one line`;
  const name = stringField(fields, "name", allowed);
  if (name === undefined) {
    const message =
      top.table["name"] === undefined
        ? `${MANIFEST_FILE} has no "name"; add a line such as name = "my-agent"`
        : `${placeOf(top, "name")}: "name" is outside [agent]; write it below that line`;
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

function healthPathField(fields: Fields, fallback: string): string {
  const allowed = 'it is a path such as "/health"';
  const value = stringField(fields, "health_path", allowed);
  if (value === undefined) return fallback;
  if (!/^\/(?!\/)[\w\-.~!$&'()*+,;=:@%/?]{0,500}$/.test(value)) {
    throw invalid(fields, "health_path", { value, allowed });
  }
  return value;
}

/** The usual causes are a tarball made of the wrong directory, and a capital in the name. */
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
