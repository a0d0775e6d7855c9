import type { OutgoingBody } from "./http1/request.ts";

/** Whether a part of the body may have been sent, so that it cannot be sent again. */
export function isSpent(body: OutgoingBody): boolean {
  return body.kind === "stream" && body.stream.locked;
}
