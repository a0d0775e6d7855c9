import { parse, type TomlTable } from "smol-toml";

import { tomlFlaw, tomlSentence } from "../lib/toml-flaw.ts";

/** How deep arrays and tables may nest. The parser recurses, and must not exhaust its stack. */
const MAX_DEPTH = 64;

export type { TomlTable };

/** Makes the error for text that is no TOML. */
export type TomlFailure = (message: string, line: number | undefined) => Error;

/** @throws what `failure` makes of the line, the column and the flaw */
export function parseToml(text: string, file: string, failure: TomlFailure): TomlTable {
  try {
    return parse(text, { maxDepth: MAX_DEPTH });
  } catch (error) {
    const flaw = tomlFlaw(error);
    throw failure(tomlSentence(file, flaw), flaw.line);
  }
}

export function isTable(value: unknown): value is TomlTable {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

export function table(value: unknown): TomlTable | undefined {
  return isTable(value) ? value : undefined;
}

export function tables(value: unknown): TomlTable[] {
  return Array.isArray(value) ? value.filter(isTable) : [];
}

export function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
}

export function stringOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/**
 * The line on which `key` is set in `[table]`, for a message; `""` is the top level. The parser keeps no positions. Text
 * in a string of several lines can look like a key, and then the number is wrong.
 */
export function lineOf(text: string, table: string, key: string): number | undefined {
  let current = "";
  for (const [index, line] of text.split("\n").entries()) {
    const isHeader = line.trimStart().startsWith("[");
    if (isHeader) current = /^\s*\[+\s*["']?([^\]"']*)/.exec(line)?.[1]?.trim() ?? "";
    else if (current !== table || !line.includes(key)) continue;
    const name = isHeader ? current.split(".")[0] : keyOf(line);
    if (name === key && (isHeader ? table === "" : true)) return index + 1;
  }
  return undefined;
}

function keyOf(line: string): string | undefined {
  const match = /^\s*(?:"([^"]*)"|'([^']*)'|([\w-]+))\s*[=.]/.exec(line);
  return match?.[1] ?? match?.[2] ?? match?.[3];
}
