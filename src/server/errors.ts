import { RunnerError } from "../errors.ts";
import type { Log } from "../log.ts";

/** Any error as the JSON that every route answers; a bug says nothing of the inside and is complete in the log. */
export function errorResponse(error: unknown, options: { log: Log; requestId: string }): Response {
  const known = error instanceof RunnerError ? error : asInternal(error, options);
  return Response.json(errorBody(known), { status: known.status, headers: known.headers });
}

export function errorBody({ code, message, details }: RunnerError) {
  return { error: message, code, ...(details === undefined ? {} : { details }) };
}

function asInternal(error: unknown, { log, requestId }: { log: Log; requestId: string }): RunnerError {
  log.error({ request_id: requestId, err: error }, "internal error");
  return new RunnerError(
    "INTERNAL",
    `Something went wrong inside the runner. Its log has it under request ${requestId}.`,
  );
}
