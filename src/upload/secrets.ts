import { KiB } from "../lib/bytes.ts";
import { RunnerError } from "../lib/errors.ts";
import { escapeName } from "../lib/text.ts";
import { isReservedVariable, RESERVED_VARIABLES, VARIABLE_NAME } from "../lib/variables.ts";

/** Bytes of the JSON text. Linux allows 128 KiB for one variable, and part of the stack for all of them. */
export const MAX_SECRETS_BYTES = 64 * KiB;

/**
 * Reads the `secrets` field, a JSON object of texts. An empty field means none. No message has a value in it, or the
 * parser's own message, which quotes the text.
 *
 * @throws RunnerError CONFIG_ERROR that names the entry and what is allowed
 */
export function parseSecrets(text: string): Record<string, string> {
  if (text.trim() === "") return {};
  const parsed = parseJson(text);
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw secretsError('secrets must be a JSON object of names to texts, such as {"API_KEY": "…"}');
  }
  // Without a prototype, `__proto__` is a name like any other.
  const secrets: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(parsed)) {
    assertName(name);
    secrets[name] = assertValue(name, value);
  }
  return secrets;
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
    throw secretsError(`secret name "${shown}" is not allowed; it matches ${VARIABLE_NAME.source}`, name);
  }
  if (isReservedVariable(name)) {
    throw secretsError(`secret name "${shown}" is reserved, as are: ${RESERVED_VARIABLES}`, name);
  }
}

function assertValue(name: string, value: unknown): string {
  if (typeof value !== "string") throw secretsError(`secret "${name}" must be a text in quotes`, name);
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
