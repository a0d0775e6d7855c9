import type { Static, TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import { parseJson } from "../lib/json.ts";
import { unreadable } from "./errors.ts";

/** What a docker command printed. Throws ENGINE_UNAVAILABLE when that is not JSON of this shape. */
export function readJson<T extends TSchema>(
  schema: T,
  { args, output }: { args: string[]; output: string },
): Static<T> {
  const value = parseJson(output);
  if (Value.Check(schema, value)) return value;
  throw unreadable(args, output);
}
