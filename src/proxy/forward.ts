import { RunnerError, messageOf } from "../lib/errors.ts";
import { stripHopByHop } from "./headers.ts";

/** A body up to this size, whose length is known, is read whole: cheaper than passing a stream on. Bytes. */
const SMALL_BODY = 64 * 1024;

export type ForwardOptions = {
  /** Its headers are changed: it is not used after this. */
  request: Request;
  /** Address of the agent's server with path and query. */
  url: string;
  /** Ends the exchange: the caller has left, or the invoke's time is over. */
  signal: AbortSignal;
  /** False: a connection for this request alone, for a server that may close an idle one whenever it likes. */
  keepAlive: boolean;
  /** Called once, when the last byte of the answer has gone or will never come. */
  onDone: () => void;
};

/**
 * Sends the request on and gives the answer back as it streams. Rejects when no answer came; an answer that breaks off
 * ends the response with an error, never with a clean end.
 */
export async function forward(options: ForwardOptions): Promise<Response> {
  const { request, url, signal, keepAlive, onDone } = options;
  stripHopByHop(request.headers);
  try {
    const body = isSmall(request.headers) ? await unlessAborted(request.arrayBuffer(), signal) : request.body;
    const response = await fetch(url, {
      method: request.method,
      headers: request.headers,
      body,
      signal,
      keepalive: keepAlive,
      redirect: "manual",
      // The agent's own encoding goes through; no proxy of the environment between us and our bridge.
      decompress: false,
      proxy: "",
      // Bun's own idle limit would end a slow answer; `signal` is the deadline.
      timeout: false,
    });
    stripHopByHop(response.headers);
    return await relay(response, onDone);
  } catch (error) {
    onDone();
    throw error;
  }
}

/** An agent that cannot be reached or broke off, in the words that the caller sees. */
export function connectionError(agentId: string, error: unknown): RunnerError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const couldNotConnect = [
    "ConnectionRefused",
    "ECONNREFUSED",
    "EHOSTUNREACH",
    "FailedToOpenSocket",
    "ConnectionTimeout",
  ].includes(code);
  const what = couldNotConnect ? "could not be connected to" : "closed the connection before it answered";
  return new RunnerError("INVOKE_FAILED", `Agent ${agentId} ${what}.`, {
    details: { cause: messageOf(error) },
    cause: error,
  });
}

/** The answer with its body as it streams; a small one of known length is read whole. */
export async function relay(response: Response, onDone: () => void): Promise<Response> {
  if (response.body === null) {
    onDone();
    return response;
  }
  if (isSmall(response.headers)) {
    const bytes = await response.arrayBuffer();
    onDone();
    return new Response(bytes, response);
  }
  return new Response(tracked(response.body, onDone), response);
}

function isSmall(headers: Headers): boolean {
  const length = headers.get("content-length");
  return length !== null && Number(length) <= SMALL_BODY;
}

/** Reading a body takes no signal: a client that stops in the middle of it must not hold us past the deadline. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener("abort", onAbort));
}

/** The same bytes with back-pressure, telling when they end. */
function tracked(body: ReadableStream<Uint8Array>, onDone: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        onDone();
        controller.close();
      } catch (error) {
        onDone();
        controller.error(error);
      }
      return undefined;
    },
    async cancel(reason) {
      onDone();
      await reader.cancel(reason);
    },
  });
}
