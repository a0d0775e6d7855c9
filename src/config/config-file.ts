import { existsSync, readFileSync } from "node:fs";

import { parse } from "smol-toml";

import { messageOf } from "../lib/errors.ts";
import { StartError } from "../lib/start-error.ts";
import { tomlFlaw, tomlSentence } from "../lib/toml-flaw.ts";

/** What a configuration file sets: the text of each variable, as it would stand in the environment. */
export type ConfigFile = { path: string; values: Record<string, string> };

/** Reads a TOML file whose keys are the names of the variables. Throws StartError for one that cannot be meant. */
export function readConfigFile(path: string): ConfigFile {
  const entries = Object.entries(parsed(path)).map(([name, value]) => {
    const text = textOf(value);
    if (text !== undefined) return [name, text] as const;
    throw new StartError(
      `${name} in ${path} must be a text, a number, a boolean or a list of texts, as the variable's value would be.`,
    );
  });
  return { path, values: Object.fromEntries(entries) };
}

function parsed(path: string): Record<string, unknown> {
  if (!existsSync(path)) throw new StartError(`There is no configuration file ${path}.`);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new StartError(`The configuration file cannot be read: ${messageOf(error)}.`);
  }
  try {
    return parse(text);
  } catch (error) {
    throw new StartError(`The configuration file ${tomlSentence(path, tomlFlaw(error))}.`);
  }
}

function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value.join(" ");
  return undefined;
}
