import { RunnerError, messageOf } from "../lib/errors.ts";
import { stripHopByHop } from "./headers.ts";

/** Bytes. A body of known length, up to this size, is read whole: that costs less than a stream. */
const SMALL_BODY = 64 * 1024;

export type ForwardOptions = {
  /** Its headers are changed, so that the caller must not use it afterwards. */
  request: Request;
  /** The URL on the agent's server, with path and query. */
  url: string;
  /** Aborts when the caller has left, or the invoke took too long. */
  signal: AbortSignal;
  /** False for a connection of its own: the agent's server may close an idle connection at any time. */
  keepAlive: boolean;
  /** Called once, when the answer has ended or was cut off. */
  onDone: () => void;
};

/**
 * Passes the request on and streams the answer back. Rejects if no answer came. If the answer is cut off, so is the
 * response: it never ends as if it were whole.
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
      // The agent's encoding is passed on. A proxy in the environment must not stand between us and the agents.
      decompress: false,
      proxy: "",
      // Bun's idle limit would end a slow answer; `signal` has the deadline.
      timeout: false,
    });
    stripHopByHop(response.headers);
    return await relay(response, onDone);
  } catch (error) {
    onDone();
    throw error;
  }
}

/** The error that the caller gets when the agent could not be reached or cut the connection. */
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

/** The answer with its body as a stream. A small body of known length is read whole. */
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

/** `arrayBuffer` takes no signal, and a client that stops sending must not hold us past the deadline. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener("abort", onAbort));
}

/** The same stream, which calls `onDone` at its end. Nothing is read ahead of the reader. */
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
