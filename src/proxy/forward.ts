import { Answer } from "./answer.ts";
import { stripHopByHop } from "./headers.ts";
import type { HttpClient } from "./http1/client.ts";
import type { CancelSignal } from "../lib/cancel.ts";
import type { OutgoingRequest } from "./http1/request.ts";
import type { LastWords } from "./last-words.ts";

export type ForwardOptions = {
  client: HttpClient;
  /** Its headers are changed, so that the caller must not use them afterwards. */
  request: OutgoingRequest;
  /** `http://address:port` of the agent's server. */
  origin: string;
  /** Aborts when the caller has left, or the invoke took too long. */
  signal: CancelSignal;
  /**
   * The server that a connection is kept for: the next one at the same address gets none of it. Undefined for a
   * connection of its own: the agent's server may close an idle one at any time.
   */
  keptFor: object | undefined;
  /** Called once, when the answer has ended, or with why it was cut off. */
  onDone: (error?: unknown) => void;
  /** For an agent that streams items in our runtime's forms: a stream that breaks off says why. */
  lastWords?: LastWords | undefined;
};

/**
 * Passes the request on and streams the answer back. Rejects if no answer came. If the answer is cut off, so is the
 * response: it never ends as if it were whole.
 */
export function forward(options: ForwardOptions): Promise<Response> {
  const { client, request, origin, signal, keptFor, onDone, lastWords } = options;
  const answer = new Answer({ onDone, lastWords });
  stripHopByHop(request.headers);
  request.headers.delete("content-length");
  const exchange = client.exchange({
    request,
    listener: answer,
    onConnection: (connection) => answer.connected(connection),
    origin,
    signal,
    keptFor,
  });
  exchange.catch((error: unknown) => answer.fail(error));
  return answer.response;
}
