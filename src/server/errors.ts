import { RunnerError } from "../lib/errors.ts";
import type { Log } from "../lib/log.ts";
import type { Metrics } from "../metrics/metrics.ts";

export type ErrorContext = { log: Log; metrics: Metrics; requestId: string };

/** The answer to an error. A bug is logged in full, and its answer gives nothing away. */
export function errorResponse(error: unknown, context: ErrorContext): Response {
  const known = error instanceof RunnerError ? error : asInternal(error, context);
  context.metrics.errors.inc({ code: known.code });
  return Response.json(errorBody(known), { status: known.status, headers: known.headers });
}

export function errorBody({ code, message, details }: RunnerError) {
  return { error: message, code, ...(details === undefined ? {} : { details }) };
}

function asInternal(error: unknown, { log, requestId }: ErrorContext): RunnerError {
  log.error({ request_id: requestId, err: error }, "internal error");
  return new RunnerError(
    "INTERNAL",
    `Something went wrong inside the runner. Its log has it under request ${requestId}.`,
  );
}
