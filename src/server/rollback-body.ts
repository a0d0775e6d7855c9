import { Value } from "@sinclair/typebox/value";

import type { Clock } from "../lib/clock.ts";
import { RunnerError } from "../lib/errors.ts";
import { RollbackRequest } from "../model/api.ts";
import { inTime } from "./request-body.ts";

/** Longest body that is read, characters. */
const MAX_BODY = 1024;

/** How long it may take to come, milliseconds. */
const TIMEOUT_MS = 30_000;

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
  const text = await inTime(readText(request), { clock, ms: TIMEOUT_MS });
  if (text.trim() === "") return undefined;
  const body = parse(text);
  if (Value.Check(RollbackRequest, body)) return body.version;
  throw invalid(`is ${text.slice(0, 100)}, but must be {"version": n} with a whole number from 1, or empty`);
}

async function readText({ body }: Request): Promise<string> {
  if (body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_BODY) throw invalid(`is longer than ${MAX_BODY} characters`, 413);
  }
  return text + decoder.decode();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid("is not valid JSON");
  }
}

function invalid(why: string, status = 400): RunnerError {
  return new RunnerError("INVALID_REQUEST", `The body ${why}.`, { status });
}
