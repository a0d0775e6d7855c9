import { createHash, timingSafeEqual } from "node:crypto";

import { SCOPES, type Scope } from "./scopes.ts";

/** Only its digest is kept. */
export type Token = { name: string; scopes: readonly Scope[]; digest: Buffer };

/** A line of the file: a name, what the token may do, and the token. */
const LINE = /^([\w.-]{1,64})\s+([a-z,]+)\s+(\S{16,})$/;

/** What a line may have. A token in other characters never comes as it was written. */
const HEADER_TEXT = /^[\t -~]+$/;

export function tokenOf(name: string, scopes: readonly Scope[], text: string): Token {
  return { name, scopes, digest: digestOf(text) };
}

/**
 * The token that was given. Digests are compared, and each with all, since the time to compare texts would give away
 * parts of a token.
 */
export function findToken(tokens: readonly Token[], given: string): Token | undefined {
  const digest = digestOf(given);
  let found: Token | undefined;
  for (const token of tokens) if (timingSafeEqual(token.digest, digest)) found = token;
  return found;
}

/**
 * Reads a file of tokens, one a line; lines that begin with `#` are comments. The error is the end of a sentence, and
 * repeats no token.
 */
export function parseTokens(text: string): Token[] {
  const tokens: Token[] = [];
  for (const [index, content] of text.split("\n").entries()) {
    const line = content.trim();
    if (line === "" || line.startsWith("#")) continue;
    const token = parseLine(line);
    if (token === undefined)
      throw new TypeError(
        `its line ${index + 1} is not a name, any of ${SCOPES.join(",")} and a token of at least 16 characters`,
      );
    if (!HEADER_TEXT.test(line))
      throw new TypeError(`its line ${index + 1} has a character that no header can carry: use ASCII`);
    const twin = tokens.find(({ name, digest }) => name === token.name || digest.equals(token.digest));
    if (twin !== undefined)
      throw new TypeError(`its line ${index + 1} has the name or the token of ${twin.name} again`);
    tokens.push(token);
  }
  if (tokens.length === 0) throw new TypeError("it has no token");
  return tokens;
}

function parseLine(line: string): Token | undefined {
  const [, name, list, text] = LINE.exec(line) ?? [];
  if (name === undefined || list === undefined || text === undefined) return undefined;
  const scopes = list.split(",").map((scope) => SCOPES.find((known) => known === scope));
  return scopes.every((scope) => scope !== undefined) ? tokenOf(name, scopes, text) : undefined;
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
