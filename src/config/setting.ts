import type { Parser } from "./parsers.ts";

type Value = string | number | undefined;

export type Setting<T extends Value = Value> = {
  env: `OKEN_${string}`;
  group: string;
  help: string;
  /** Undefined means: not set, and that is allowed. */
  default: T;
  parse: Parser<Exclude<T, undefined>>;
  /** Printed in help instead of the default when the default is computed. */
  shown?: string;
};

/** An entry of the table, whose parser and default are of one type. */
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
