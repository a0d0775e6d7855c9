import { RunnerError } from "../lib/errors.ts";
import type { Log } from "../lib/log.ts";
import type { Metrics } from "../metrics/metrics.ts";

export type ErrorContext = {
  log: Log;
  metrics: Metrics;
  requestId: string;
  traceId?: string | undefined;
  /** The request's. */
  signal?: AbortSignal;
};

/** nginx's status for a caller who left before the answer. It is only logged and counted. */
export const CLIENT_LEFT = 499;

/** The answer to an error. A bug is logged in full, and its answer gives nothing away. */
export function errorResponse(error: unknown, context: ErrorContext): Response {
  if (isLeft(error, context.signal)) return new Response(null, { status: CLIENT_LEFT });
  const known = error instanceof RunnerError ? error : asInternal(error, context);
  context.metrics.errors.inc({ code: known.code });
  return Response.json(errorBody(known), { status: known.status, headers: known.headers });
}

export function errorBody({ code, message, details }: RunnerError) {
  return { error: message, code, ...(details === undefined ? {} : { details }) };
}

/** Whether all that went wrong is that the caller left. */
function isLeft(error: unknown, signal: AbortSignal | undefined): boolean {
  if (signal === undefined || !signal.aborted) return false;
  return error === signal.reason || (error instanceof Error && error.name === "AbortError");
}

function asInternal(error: unknown, { log, requestId, traceId }: ErrorContext): RunnerError {
  log.error({ request_id: requestId, trace_id: traceId, err: error }, "internal error");
  return new RunnerError(
    "INTERNAL",
    `Something went wrong inside the runner. Its log has it under request ${requestId}.`,
  );
}
