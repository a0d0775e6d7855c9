import { KiB } from "../lib/bytes.ts";
import { RunnerError } from "../lib/errors.ts";
import { escapeName } from "../lib/text.ts";
import { isReservedVariable, RESERVED_VARIABLES, VARIABLE_NAME } from "../lib/variables.ts";

/** Bytes of the JSON text. Linux allows 128 KiB for one variable, and part of the stack for all of them. */
export const MAX_SECRETS_BYTES = 64 * KiB;

/** What a deploy says of its agent's secrets. */
export type SentSecrets = {
  /** Null removes one that would be kept. */
  values: Record<string, string | null>;
  /** Whether the version before's are kept, but for those that are sent. */
  keepOthers: boolean;
};

/** The secrets of a version that comes after one with `before`. */
export function nextSecrets(
  before: Record<string, string>,
  { values, keepOthers }: SentSecrets,
): Record<string, string> {
  // Without a prototype, `__proto__` is a name like any other.
  const next: Record<string, string> = Object.assign(Object.create(null), keepOthers ? before : {});
  for (const [name, value] of Object.entries(values)) {
    if (value === null) delete next[name];
    else next[name] = value;
  }
  const bytes = Buffer.byteLength(JSON.stringify(next));
  if (bytes <= MAX_SECRETS_BYTES) return next;
  throw secretsError(
    `secrets would have ${bytes} bytes with those that are kept, and may have ${MAX_SECRETS_BYTES}`,
  );
}

/**
 * Reads a change of secrets, a JSON merge patch (RFC 7396): a text sets one, null removes it.
 *
 * @throws RunnerError CONFIG_ERROR as `parseSecrets`
 */
export function parseSecretsPatch(text: string): Record<string, string | null> {
  return readEntries<string | null>(text, (name, value) =>
    value === null ? null : assertValue(name, value, "a text in quotes, or null to remove it"),
  );
}

/**
 * Reads the `secrets` field, a JSON object of texts. An empty field means none. No message has a value in it, or the
 * parser's own message, which quotes the text.
 *
 * @throws RunnerError CONFIG_ERROR that names the entry and what is allowed
 */
export function parseSecrets(text: string): Record<string, string> {
  return text.trim() === "" ? {} : readEntries(text, (name, value) => assertValue(name, value));
}

function readEntries<T>(text: string, read: (name: string, value: unknown) => T): Record<string, T> {
  const parsed = parseJson(text);
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw secretsError('secrets must be a JSON object of names to texts, such as {"API_KEY": "…"}');
  }
  // Without a prototype, `__proto__` is a name like any other.
  const entries: Record<string, T> = Object.create(null);
  for (const [name, value] of Object.entries(parsed)) {
    assertName(name);
    entries[name] = read(name, value);
  }
  return entries;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // No cause, since it would bring a piece of the text into a log.
    throw secretsError('secrets is not valid JSON; it must be an object such as {"API_KEY": "…"}');
  }
}

function assertName(name: string): void {
  const shown = escapeName(name);
  if (!VARIABLE_NAME.test(name)) {
    throw secretsError(`secret name "${shown}" must be letters, digits and _, with no digit first`, name);
  }
  if (isReservedVariable(name)) {
    throw secretsError(`secret name "${shown}" is reserved, as are: ${RESERVED_VARIABLES}`, name);
  }
}

function assertValue(name: string, value: unknown, expected = "a text in quotes"): string {
  if (typeof value !== "string") throw secretsError(`secret "${name}" must be ${expected}`, name);
  if (value.includes("\0"))
    throw secretsError(`secret "${name}" holds a NUL, which no environment can carry`, name);
  if (!value.isWellFormed()) throw secretsError(`secret "${name}" is not valid Unicode`, name);
  return value;
}

export function secretsError(message: string, name?: string): RunnerError {
  const key = name === undefined ? {} : { key: escapeName(name) };
  return new RunnerError("CONFIG_ERROR", message, {
    details: { reason: "secrets_invalid", field: "secrets", ...key },
  });
}
