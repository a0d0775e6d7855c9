import type { Clock } from "../../lib/clock.ts";
import { RunnerError } from "../../lib/errors.ts";

/** How long a caller may wait for `100 Continue` before it sends its body, milliseconds. Most wait 1 to 3 seconds. */
const CONTINUE_MS = 5_000;

export type BodyOptions = { maxBytes: number; clock: Clock };

/** @throws RunnerError INVALID_REQUEST (413) for a `Content-Length` above the limit */
export function requireFits({ headers }: Request, maxBytes: number): void {
  const length = Number(headers.get("content-length") ?? 0);
  if (length > maxBytes) throw tooLarge(`The body has ${length} bytes, the limit is ${maxBytes}.`, maxBytes);
}

/** Bun drops such a body, and the agent must not be asked as if there had been none. */
export function requireReadable({ method, headers }: Request): void {
  if (method !== "GET" && method !== "HEAD") return;
  if (Number(headers.get("content-length") ?? 0) > 0 || headers.has("transfer-encoding"))
    throw new RunnerError(
      "INVALID_REQUEST",
      `The runner cannot pass on the body of a ${method} request. Send it with POST, or in the query.`,
    );
}

/**
 * The request with a body that ends in an error once it is longer than `maxBytes`. One whose length is told is returned
 * as it is.
 *
 * @throws RunnerError INVALID_REQUEST (417) when the caller waits for a `100 Continue` that Bun does not send
 */
export function limitBody(request: Request, options: BodyOptions): Request | Promise<Request> {
  const { headers } = request;
  const expect = headers.get("expect");
  const isUnanswered = expect !== null && expect !== "100-continue" && /^100-continue$/i.test(expect);
  if (!isUnanswered && !headers.has("transfer-encoding")) return request;
  return limitedRequest(request, { ...options, isUnanswered });
}

async function limitedRequest(
  request: Request,
  { maxBytes, clock, isUnanswered }: BodyOptions & { isUnanswered: boolean },
): Promise<Request> {
  const { method, headers } = request;
  // Not asked for before: it makes a stream of a body that may be read whole for less.
  const { body } = request;
  if (body === null) return request;
  const reader = body.getReader();
  const first = reader.read();
  if (isUnanswered) await requireSent(first, { reader, clock });
  return new Request("http://localhost", { method, headers, body: limited(reader, { first, maxBytes }) });
}

type Reader = Pick<ReadableStreamDefaultReader<Uint8Array>, "read" | "cancel">;
type Chunk = Awaited<ReturnType<Reader["read"]>>;

/** Many callers wait for a moment and send their body all the same. */
async function requireSent(first: Promise<Chunk>, { reader, clock }: { reader: Reader; clock: Clock }) {
  const late = Promise.withResolvers<"late">();
  const cancel = clock.timer(CONTINUE_MS, () => late.resolve("late"));
  const winner = await Promise.race([first, late.promise]).finally(cancel);
  if (winner !== "late") return;
  void reader.cancel().catch(() => undefined);
  throw new RunnerError(
    "INVALID_REQUEST",
    "The body did not come. Send `Expect: 100-continue` in lower case, or not at all.",
    { status: 417 },
  );
}

function limited(
  reader: Reader,
  { first, maxBytes }: { first: Promise<Chunk>; maxBytes: number },
): ReadableStream<Uint8Array> {
  let next: Promise<Chunk> | undefined = first;
  let bytes = 0;
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await (next ?? reader.read());
      next = undefined;
      if (done) return controller.close();
      bytes += value.byteLength;
      if (bytes <= maxBytes) return controller.enqueue(value);
      void reader.cancel().catch(() => undefined);
      throw tooLarge(`The body has more than ${maxBytes} bytes, which is the limit.`, maxBytes);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

/** How long a small body may take to come, milliseconds. */
const SMALL_BODY_MS = 30_000;

/**
 * The whole text of a body that is small.
 *
 * @throws RunnerError INVALID_REQUEST (413, 408)
 */
export function readSmallText(
  request: Request,
  { maxBytes, clock }: { maxBytes: number; clock: Pick<Clock, "timer"> },
): Promise<string> {
  return inTime(textWithin(request, maxBytes), { clock, ms: SMALL_BODY_MS });
}

async function textWithin({ body }: Request, maxBytes: number): Promise<string> {
  if (body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes)
      throw tooLarge(`The body has more than ${maxBytes} bytes, which is the limit.`, maxBytes);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/**
 * What is read of a body. Most are here with the head of their request, and need no timer.
 *
 * @throws RunnerError INVALID_REQUEST (408) after `ms`
 */
export function inTime<T>(
  reading: Promise<T>,
  { clock, ms }: { clock: Pick<Clock, "timer">; ms: number },
): Promise<T> {
  if (Bun.peek.status(reading) !== "pending") return reading;
  const late = Promise.withResolvers<never>();
  const cancel = clock.timer(Math.max(0, ms), () => late.reject(tooSlow()));
  return Promise.race([reading, late.promise]).finally(cancel);
}

function tooSlow(): RunnerError {
  return new RunnerError("INVALID_REQUEST", "The body did not come in time.", {
    status: 408,
    headers: { Connection: "close" },
  });
}

function tooLarge(message: string, limit: number): RunnerError {
  return new RunnerError("INVALID_REQUEST", message, { status: 413, details: { limit } });
}
