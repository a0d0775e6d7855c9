/** Characters that a message shows of the name of a file. */
const SHOWN_NAME_CHARS = 200;

/**
 * Makes an untrusted name safe for logs, terminals and answers. Control, bidirectional, zero-width and unassigned
 * characters become `\u{…}`, and at most 200 characters are kept.
 */
export function escapeName(name: string): string {
  let out = "";
  for (const character of name) {
    const escaped = /[\p{C}\p{Zl}\p{Zp}]/u.test(character)
      ? `\\u{${character.codePointAt(0)?.toString(16)}}`
      : character;
    if (out.length + escaped.length > SHOWN_NAME_CHARS) return `${out.slice(0, SHOWN_NAME_CHARS - 1)}…`;
    out += escaped;
  }
  return out;
}

/** Characters that a message shows of a value that a caller sent. */
const SHOWN_VALUE_CHARS = 40;

/** A value that a caller sent, as a message names it. */
export function quoted(value: string): string {
  return JSON.stringify(value.slice(0, SHOWN_VALUE_CHARS));
}

/** Longest sentence that tells an author of a failure, characters: whole where a terminal shows it. */
export const MAX_SENTENCE = 299;

/** The text, cut off between two words where it is longer than `max`. */
export function shortened(text: string, max: number): string {
  if (text.length <= max) return text;
  const cut = text.slice(0, max - 1);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(" "), cut.length - 40)).replace(/[ ,;:]+$/, "")}…`;
}
