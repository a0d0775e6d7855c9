import { Busboy, type BusboyInstance } from "@fastify/busboy";

import { KiB } from "../lib/bytes.ts";
import { messageOf, RunnerError } from "../lib/errors.ts";

/** RFC 2046, section 5.1.1 */
const MAX_BOUNDARY_CHARS = 70;
const MAX_PARTS = 8;
const MAX_PART_HEADER_BYTES = 8 * KiB;
const WATCH_INTERVAL_MS = 250;

export type FormLimits = {
  /** Bytes of the whole body. */
  maxBodyBytes: number;
  /** Bytes of one text field. */
  maxFieldBytes: number;
  /** Milliseconds without a byte after which the upload ends. */
  idleTimeoutMs: number;
  /** The least bytes per second on average, from `idleTimeoutMs` on. A slower sender would keep its connection for long. */
  minBytesPerSecond: number;
};

export type FormHandlers = {
  /** The fields that are text, whatever their part says. Any other part goes to `file`. */
  textFields: readonly string[];
  field(name: string, value: string, truncated: boolean): void;
  /** Must read `content` to its end, or reject. The network is read no faster. */
  file(
    name: string,
    content: AsyncIterable<Buffer>,
    part: { filename: string | undefined; type: string },
  ): Promise<void>;
};

/**
 * Refuses a request whose headers show that its body cannot be read.
 *
 * @throws RunnerError INVALID_REQUEST 400, 411, 415
 */
export function assertForm(headers: Headers): void {
  const type = headers.get("content-type") ?? "";
  if (!/^multipart\/form-data\s*(;|$)/i.test(type)) {
    throw invalidForm("the body must be multipart/form-data with the fields agent_id and tarball", 415);
  }
  const boundary = /;\s*boundary=(?:"([^"]*)"|([^\s;]*))/i.exec(type);
  const length = (boundary?.[1] ?? boundary?.[2] ?? "").length;
  if (length === 0 || length > MAX_BOUNDARY_CHARS) {
    throw invalidForm(`the Content-Type needs a boundary of 1 to ${MAX_BOUNDARY_CHARS} characters`, 400);
  }
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding.toLowerCase() !== "identity") {
    throw invalidForm(
      "a Content-Encoding of the form is not supported; the tarball is compressed already",
      415,
    );
  }
  if (headers.get("content-length") === null && headers.get("transfer-encoding") === null) {
    throw invalidForm("the request needs a Content-Length, or a chunked body", 411);
  }
}

/**
 * Reads a multipart body as a stream. Only one chunk and the text fields are in memory. Bun's own `formData()` keeps the
 * body in memory twice, and ends a field at a boundary inside its value.
 *
 * @throws RunnerError INVALID_REQUEST when the body is malformed, too large, too slow or cut off; the signal's reason; what
 *   a handler throws
 */
export async function readForm(
  request: Request,
  handlers: FormHandlers,
  options: { limits: FormLimits; signal?: AbortSignal | undefined },
): Promise<void> {
  const stop = new AbortController();
  const fail = (error: unknown) => stop.abort(error);
  const leave = () => fail(invalidForm("the client left before its upload was complete"));
  const cancel = () => fail(options.signal?.reason);
  request.signal.addEventListener("abort", leave, { once: true });
  options.signal?.addEventListener("abort", cancel, { once: true });
  const files: Promise<void>[] = [];
  try {
    if (request.signal.aborted) leave();
    if (options.signal?.aborted) cancel();
    const parser = createParser(request.headers, handlers, { limits: options.limits, stop, files });
    const finished = new Promise<void>((resolve) => void parser.once("finish", () => resolve()));
    await pump(request, parser, { limits: options.limits, stop });
    await orAbort(finished, stop.signal);
    await orAbort(Promise.all(files), stop.signal);
  } catch (error) {
    fail(error);
    // Each handler sees its stream fail and cleans up before the caller is told.
    await Promise.allSettled(files);
    throw asFormError(stop.signal.reason);
  } finally {
    request.signal.removeEventListener("abort", leave);
    options.signal?.removeEventListener("abort", cancel);
  }
}

export function invalidForm(message: string, status = 400): RunnerError {
  return new RunnerError("INVALID_REQUEST", message, { status });
}

type ParserContext = { limits: FormLimits; stop: AbortController; files: Promise<void>[] };

function createParser(headers: Headers, handlers: FormHandlers, context: ParserContext): BusboyInstance {
  const { limits, stop, files } = context;
  const parser = new Busboy({
    headers: { "content-type": headers.get("content-type") ?? "" },
    limits: { parts: MAX_PARTS, headerSize: MAX_PART_HEADER_BYTES, fieldSize: limits.maxFieldBytes },
    isPartAFile: (name) => !handlers.textFields.includes(name ?? ""),
  });
  const guarded = (act: () => void) => {
    try {
      if (!stop.signal.aborted) act();
    } catch (error) {
      stop.abort(error);
    }
  };
  parser.on("error", (error) => stop.abort(invalidForm(`the form is malformed: ${messageOf(error)}`)));
  parser.on("partsLimit", () => stop.abort(invalidForm(`the form has more than ${MAX_PARTS} parts`)));
  parser.on("field", (name: string | undefined, value, _nameTruncated, truncated) => {
    guarded(() => handlers.field(name ?? "", value, truncated));
  });
  parser.on("file", (name: string | undefined, content, filename: string | undefined, _encoding, type) => {
    content.on("error", () => {});
    stop.signal.addEventListener("abort", () => content.destroy(stop.signal.reason), { once: true });
    guarded(() => {
      const handled = handlers.file(name ?? "", content, { filename, type });
      files.push(handled);
      handled.catch((error: unknown) => stop.abort(error));
    });
  });
  return parser;
}

type PumpContext = { limits: FormLimits; stop: AbortController };

/** Passes the body to the parser, a chunk at a time and no faster than the handlers read. */
async function pump(request: Request, parser: BusboyInstance, context: PumpContext): Promise<void> {
  const { limits, stop } = context;
  const reader = request.body?.getReader();
  if (reader === undefined) throw invalidForm("the request has no body");
  const watch = watchSender(limits, (error) => stop.abort(error));
  try {
    for (;;) {
      const { done, value } = await orAbort(watch.waiting(reader.read()), stop.signal);
      if (done) break;
      if (watch.count(value.byteLength) > limits.maxBodyBytes) {
        throw invalidForm(`the form has more than ${limits.maxBodyBytes} bytes`, 413);
      }
      const chunk = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      await orAbort(written(parser, chunk), stop.signal);
    }
    parser.end();
  } finally {
    watch.stop();
    // Bun drops the rest of the body, so that the answer reaches a client that is still sending.
    await reader.cancel().catch(() => {});
  }
}

/** Fails for a sender that is silent or slow. The time in which the sender waits for us does not count. */
function watchSender(limits: FormLimits, fail: (error: unknown) => void) {
  const { idleTimeoutMs, minBytesPerSecond } = limits;
  let received = 0;
  let waited = 0;
  let waitingSince: number | undefined;
  const timer = setInterval(() => {
    const silent = waitingSince === undefined ? 0 : performance.now() - waitingSince;
    const total = waited + silent;
    if (silent > idleTimeoutMs)
      fail(invalidForm(`the upload stalled: no byte for ${idleTimeoutMs / 1000} s`));
    if (total > idleTimeoutMs && received < (total / 1000) * minBytesPerSecond) {
      fail(invalidForm(`the upload is too slow: less than ${minBytesPerSecond} bytes a second`));
    }
  }, WATCH_INTERVAL_MS);
  return {
    async waiting<T>(read: Promise<T>): Promise<T> {
      const since = performance.now();
      waitingSince = since;
      try {
        return await read;
      } finally {
        waitingSince = undefined;
        waited += performance.now() - since;
      }
    },
    count(bytes: number): number {
      received += bytes;
      return received;
    },
    stop: () => clearInterval(timer),
  };
}

function written(parser: BusboyInstance, chunk: Buffer): Promise<void> {
  return new Promise((resolve) => void parser.write(chunk, () => resolve()));
}

/**
 * The promise, or the signal's reason if that comes first. Promise.race with one promise for the signal would keep every
 * chunk of the body in memory until the upload ends.
 */
function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** A broken connection is the client's doing, and not an internal error. */
function asFormError(error: unknown): unknown {
  const isAbort =
    error instanceof Error &&
    (error.name === "AbortError" || ("code" in error && error.code === "ECONNRESET"));
  return isAbort ? invalidForm("the client left before its upload was complete") : error;
}
