import type { Static, TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import { RunnerError } from "../../lib/errors.ts";
import { parseJson } from "../../lib/json.ts";

/** A version, whose secrets are meant. */
export type Whose = { agentId: string; version: number };

/**
 * Reads a file of secrets. Throws CONFIG_ERROR if it is not one. No message and no cause has a piece of the text: a
 * parser's own error would bring it into a log.
 */
export function parsedFile<T extends TSchema>(
  schema: T,
  { text, whose }: { text: string; whose: Whose },
): Static<T> {
  const value = parseJson(text);
  if (Value.Check(schema, value)) return value;
  throw damaged(whose, "its file of them is damaged");
}

/** `why` completes the sentence "… cannot be read:". */
export function damaged({ agentId, version }: Whose, why: string): RunnerError {
  return new RunnerError(
    "CONFIG_ERROR",
    `The secrets of agent ${agentId}, version ${version} cannot be read: ${why}. Put the file back from a backup, or deploy the agent again with all its secrets.`,
    { details: { reason: "secrets_damaged" } },
  );
}
