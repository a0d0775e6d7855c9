import type { OutgoingBody } from "./http1/request.ts";
import type { CancelSignal } from "../lib/cancel.ts";
import { SMALL_BODY } from "./small-body.ts";

/** The body of a caller's request as it goes to the agent. Rejects with the signal's reason when that aborts. */
export async function outgoingBody(request: Request, signal: CancelSignal): Promise<OutgoingBody> {
  const length = request.headers.get("content-length");
  if (length !== null && Number(length) <= SMALL_BODY) {
    const bytes = await unlessAborted(request.arrayBuffer(), signal);
    return { kind: "bytes", bytes: new Uint8Array(bytes) };
  }
  if (request.body === null) return { kind: "none" };
  return { kind: "stream", stream: request.body, length: length === null ? undefined : Number(length) };
}

/** Whether a part of the body may have been sent, so that it cannot be sent again. */
export function isSpent(body: OutgoingBody): boolean {
  return body.kind === "stream" && body.stream.locked;
}

/** `arrayBuffer` takes no signal, and a client that stops sending must not hold us past the deadline. */
function unlessAborted<T>(promise: Promise<T>, signal: CancelSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise: first, resolve, reject } = Promise.withResolvers<T>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const settle = () => signal.removeEventListener("abort", onAbort);
  promise.then(resolve, reject).then(settle, settle);
  return first;
}
