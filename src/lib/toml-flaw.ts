import { TomlError } from "smol-toml";

import { messageOf } from "./errors.ts";

export type TomlFlaw = {
  /** From 1; undefined for an error that is not the parser's. */
  line: number | undefined;
  /** `line 3, column 7`, or nothing. */
  place: string;
  what: string;
};

/** What the parser found wrong, in one line. Its own message goes on with the lines around, which may hold a secret. */
export function tomlFlaw(error: unknown): TomlFlaw {
  const { line, column } = error instanceof TomlError ? error : {};
  const [what = ""] = messageOf(error)
    .replace(/^Invalid TOML document: /, "")
    .split("\n");
  return { line, place: line === undefined ? "" : `line ${line}, column ${column}`, what };
}

/** `oken.toml line 3, column 7 is not valid TOML: …` */
export function tomlSentence(file: string, { place, what }: TomlFlaw): string {
  return `${file}${place === "" ? "" : ` ${place}`} is not valid TOML: ${what}`;
}
