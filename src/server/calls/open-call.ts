import type { Clock } from "../../lib/clock.ts";
import type { OpenCall } from "../../model/stats.ts";
import { REQUEST_ID_HEADER } from "../requests/request-id.ts";
import { pathOf } from "../requests/target.ts";

const SWITCHING_PROTOCOLS = 101;

/** Whether an answer may go on for long after its head: a WebSocket, or a body whose end its head does not tell. */
export function isStream({ status, headers, body }: Response): boolean {
  return status === SWITCHING_PROTOCOLS || (body !== null && !headers.has("content-length"));
}

export function openCallOf(request: Request, { status }: Response, clock: Pick<Clock, "now">): OpenCall {
  return {
    kind: status === SWITCHING_PROTOCOLS ? "websocket" : "stream",
    path: pathOf(request.url),
    request_id: request.headers.get(REQUEST_ID_HEADER) ?? "",
    since: new Date(clock.now()).toISOString(),
  };
}
