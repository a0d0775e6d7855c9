import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
// Bun's own module of this name: the API of the `ws` package on Bun's native client.
import { WebSocket } from "ws";

import { RunnerError, messageOf } from "../lib/errors.ts";
import { endToEndHeaders, offeredProtocols } from "./headers.ts";
import type { CancelSignal } from "../lib/cancel.ts";
import { type Tunnel, createTunnel } from "./tunnel.ts";

/** `ws` reads its limit as a signed 32-bit number; zero and below mean no limit. */
const MOST_BYTES = 2 ** 31 - 1;

export type ConnectOptions = {
  /** The headers of the caller's request; they are not changed. */
  headers: Headers;
  /** `ws://address:port/path?query` of the agent's server. */
  url: string;
  /** Aborts when the caller has left, or the handshake took too long. */
  signal: CancelSignal;
  /** Largest message that the agent may send, bytes. */
  maxMessageBytes: number;
  /** A sentence that says why the agent left without a close frame. */
  explain: () => Promise<string>;
};

/** An open connection to the agent. `headers` are for the answer to the caller; they name the agent's subprotocol. */
export type Connected = { tunnel: Tunnel; headers: Headers };

/**
 * Opens the agent's side of a WebSocket first, so that the caller gets the agent's own answer. If the agent refuses,
 * the result is its response. Rejects if there was no answer.
 */
export async function connect(options: ConnectOptions): Promise<Connected | Response> {
  const { url, signal, maxMessageBytes, explain } = options;
  signal.throwIfAborted();
  const offered = offeredProtocols(options.headers);
  const agent = new WebSocket(url, offered, {
    headers: Object.fromEntries(endToEndHeaders(options.headers)),
    // By default each side answers pings itself. Here they are passed on to the other end.
    autoPong: false,
    maxPayload: Math.min(maxMessageBytes, MOST_BYTES),
    // On a bridge of this host it only costs time, and a small message could unpack to a large one.
    perMessageDeflate: false,
  });
  const { promise, resolve, reject } = Promise.withResolvers<Connected | Response>();
  const onAbort = () => agent.terminate();
  signal.addEventListener("abort", onAbort, { once: true });
  let headers: Headers | undefined;
  agent.once("upgrade", (response) => {
    headers = headersOf(response);
    const chosen = response.headers["sec-websocket-protocol"];
    headers.set("sec-websocket-protocol", chosen ?? "");
    // RFC 6455 lets a server choose none of the offered protocols, but `ws` does not. It reads this list next.
    if (chosen === undefined && offered[0] !== undefined)
      response.rawHeaders.push("Sec-WebSocket-Protocol", offered[0]);
  });
  agent.once("open", () => {
    resolve({ tunnel: createTunnel({ agent, maxMessageBytes, explain }), headers: headers ?? new Headers() });
  });
  agent.once("unexpected-response", (_, response) => resolve(refusal(response, signal)));
  agent.once("error", reject);
  try {
    return await promise;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw headers === undefined ? error : badHandshake(error);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function badHandshake(error: unknown): RunnerError {
  return new RunnerError(
    "INVOKE_FAILED",
    `The agent's WebSocket handshake is not valid: ${messageOf(error)}.`,
    {
      cause: error,
    },
  );
}

const NO_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

function refusal(response: IncomingMessage, signal: CancelSignal): Response {
  const status = response.statusCode ?? 502;
  signal.addEventListener("abort", () => response.destroy(), { once: true });
  const body = NO_BODY.has(status) ? null : Readable.toWeb(response);
  return new Response(body, { status, headers: headersOf(response) });
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const pairs: [string, string][] = [];
  for (let at = 0; at < rawHeaders.length; at += 2)
    pairs.push([rawHeaders[at] ?? "", rawHeaders[at + 1] ?? ""]);
  return endToEndHeaders(pairs);
}
