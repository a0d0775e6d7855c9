import { escapeName } from "../lib/text.ts";
import { configError } from "./errors.ts";
import { lineOf, type TomlTable } from "./toml.ts";

export const MANIFEST_FILE = "oken.toml";
const SHOWN_VALUE_CHARS = 80;

/** A timer holds at most 2^31 ms, about 24 days. */
const MAX_SECONDS = 2_000_000;

/** The table with an agent's keys, and the text that it is from, so that a message can name the line. */
export type Fields = { table: TomlTable; tableName: string; text: string };

type Flaw = { value: unknown; allowed: string };

/** An error with one sentence: the line, the key, its value, and what is allowed instead. */
export function invalid(fields: Fields, key: string, { value, allowed }: Flaw) {
  const line = lineOf(fields.text, fields.tableName, key);
  const message = `${placeOf(fields, key)}: ${key} = ${show(value)} is not allowed; ${allowed}`;
  return configError(message, { file: MANIFEST_FILE, key, ...(line === undefined ? {} : { line }) });
}

/** `oken.toml line 3`, or the file alone where the line is not known. */
export function placeOf({ text, tableName }: Fields, key: string): string {
  const line = lineOf(text, tableName, key);
  return line === undefined ? MANIFEST_FILE : `${MANIFEST_FILE} line ${line}`;
}

export function stringField(fields: Fields, key: string, allowed: string): string | undefined {
  const value = fields.table[key];
  if (value === undefined || typeof value === "string") return value;
  throw invalid(fields, key, { value, allowed });
}

export function booleanField(fields: Fields, key: string): boolean {
  const value = fields.table[key] ?? false;
  if (typeof value === "boolean") return value;
  throw invalid(fields, key, { value, allowed: "it is true or false" });
}

export type Range = { min: number; max: number; unit: string; fallback: number };

export function integerField(fields: Fields, key: string, { min, max, unit, fallback }: Range): number {
  const value = fields.table[key];
  if (value === undefined) return fallback;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw invalid(fields, key, { value, allowed: `it is a whole number of ${unit} from ${min} to ${max}` });
}

export function secondsField(fields: Fields, key: string, range: { min: number; fallback: number }): number {
  return integerField(fields, key, { ...range, max: MAX_SECONDS, unit: "seconds" });
}

function show(value: unknown): string {
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  const text = JSON.stringify(value) ?? String(value);
  const cut = text.length > SHOWN_VALUE_CHARS ? `${text.slice(0, SHOWN_VALUE_CHARS)}…` : text;
  return escapeName(cut);
}
