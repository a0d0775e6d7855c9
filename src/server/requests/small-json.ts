import type { Static, TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import type { Clock } from "../../lib/clock.ts";
import { RunnerError } from "../../lib/errors.ts";
import { readSmallText } from "./request-body.ts";

/** Longest body that is read, bytes. */
const MAX_BODY = 1024;

/**
 * A body of a few fields; undefined where it is empty. Its Content-Type is not looked at: `curl -d` sends JSON as a form.
 *
 * @throws RunnerError INVALID_REQUEST, with what is `expected` as the end of its sentence
 */
export async function readSmallJson<S extends TSchema>(
  request: Request,
  { schema, expected, clock }: { schema: S; expected: string; clock: Pick<Clock, "timer"> },
): Promise<Static<S> | undefined> {
  const text = await readSmallText(request, { maxBytes: MAX_BODY, clock });
  if (text.trim() === "") return undefined;
  const body = parse(text);
  if (Value.Check(schema, body)) return body;
  throw invalid(`is ${text.slice(0, 100)}, but must be ${expected}, or empty`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid("is not valid JSON");
  }
}

function invalid(why: string): RunnerError {
  return new RunnerError("INVALID_REQUEST", `The body ${why}.`);
}
