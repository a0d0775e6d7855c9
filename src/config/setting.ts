import type { Parser } from "./parsers.ts";

type Value = string | number | undefined;

export type Setting<T extends Value = Value> = {
  env: `OKEN_${string}`;
  group: string;
  help: string;
  /** Undefined for a setting that may be left out. */
  default: T;
  parse: Parser<Exclude<T, undefined>>;
  /** Shown in the help instead of a default that is computed. */
  shown?: string;
};

/** An entry of the table. Its parser and its default have the same type. */
export function setting<T extends Value>(entry: Setting<T>): Setting<T> {
  return entry;
}

/** `OKEN_DATA_DIR` to `data-dir`. */
export function flagOf(env: string): string {
  return env
    .replace(/^OKEN_/, "")
    .toLowerCase()
    .replaceAll("_", "-");
}
