import { Value } from "@sinclair/typebox/value";

import type { Clock } from "../lib/clock.ts";
import { RunnerError } from "../lib/errors.ts";
import { RollbackRequest } from "../model/api.ts";
import { readSmallText } from "./request-body.ts";

/** Longest body that is read, bytes. */
const MAX_BODY = 1024;

/**
 * The version that a rollback names, or undefined. The body may be empty. Its Content-Type is not looked at: `curl -d`
 * sends JSON as a form.
 *
 * @throws RunnerError INVALID_REQUEST
 */
export async function readRollback(
  request: Request,
  clock: Pick<Clock, "timer">,
): Promise<number | undefined> {
  const text = await readSmallText(request, { maxBytes: MAX_BODY, clock });
  if (text.trim() === "") return undefined;
  const body = parse(text);
  if (Value.Check(RollbackRequest, body)) return body.version;
  throw invalid(`is ${text.slice(0, 100)}, but must be {"version": n} with a whole number from 1, or empty`);
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
