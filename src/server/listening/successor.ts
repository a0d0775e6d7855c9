import type { Log } from "../../lib/log.ts";
import { messageOf } from "../../lib/errors.ts";
import { isWebSocketUpgrade, stripConnection } from "../../proxy/headers.ts";
import { ABNORMAL, type Tunnel, callerHandlers } from "../../proxy/tunnel.ts";
import { type ConnectOptions, connect } from "../../proxy/websocket.ts";
import type { Elsewhere } from "./gate.ts";
import type { Requests, RequestServer } from "../requests/requests.ts";
import { targetOf } from "../requests/target.ts";

/** Names the caller to the runner that has taken over. It believes it: the socket is in the data directory. */
const PEER_HEADER = "x-oken-peer";

/** RFC 6455 section 7.4.1. */
const GOING_AWAY = 1001;

type Passing = {
  log: Log;
  /** Largest message of a WebSocket, bytes. */
  maxMessageBytes: number;
};

/**
 * Answers requests by the runner that has taken over, which listens at `path`. They came on connections that were open
 * by then; each is closed after its answer, so that its caller comes to the new runner next time. A WebSocket goes on
 * here, as those do that were open.
 */
export function answerBySuccessor(path: string, { log, maxMessageBytes }: Passing): Elsewhere {
  return async (request, server) => {
    server.timeout(request, 0);
    const headers = new Headers(request.headers);
    stripConnection(headers);
    headers.delete("upgrade");
    headers.set(PEER_HEADER, server.requestIP(request)?.address ?? "");
    try {
      if (isWebSocketUpgrade(request)) {
        const to = { url: `ws+unix://${path}:${targetOf(request.url)}`, headers, maxMessageBytes };
        return await openSocket(to, request, server);
      }
      return closing(await ask(path, headers, request));
    } catch (error) {
      log.warn({ reason: messageOf(error) }, "a request did not reach the runner that has taken over");
      return refused();
    }
  };
}

function ask(path: string, headers: Headers, request: Request): Promise<Response> {
  // What Bun would ask for in its place the caller may not know.
  if (!headers.has("accept-encoding")) headers.set("accept-encoding", "identity");
  const { method, body, signal } = request;
  return fetch(`http://localhost${targetOf(request.url)}`, {
    ...{ unix: path, method, headers, body, signal },
    ...({ decompress: false, redirect: "manual", timeout: false } as const),
  });
}

/** Undefined once the connection is a WebSocket. */
async function openSocket(
  to: Pick<ConnectOptions, "url" | "headers" | "maxMessageBytes">,
  request: Request,
  server: RequestServer,
): Promise<Response | undefined> {
  const answer = await connect({ ...to, signal: request.signal, explain });
  if (answer instanceof Response) return closing(answer);
  const { tunnel, headers } = answer;
  if (!server.upgrade(request, { headers, data: tunnel })) tunnel.closed(ABNORMAL, "");
  return undefined;
}

const explain = () => Promise.resolve("The runner is gone.");

function closing({ body, status, headers: given }: Response): Response {
  const headers = new Headers(given);
  headers.set("connection", "close");
  return new Response(body, { status, headers });
}

function refused(): Response {
  return Response.json(
    { error: "The runner was replaced. Send the request once more.", code: "SHUTTING_DOWN" },
    { status: 503, headers: { Connection: "close", "Retry-After": "1" } },
  );
}

/** Takes the requests that come to the runner before this one, until it is disposed of. */
export function serveForPredecessor(
  path: string,
  requests: Pick<Requests, "answer">,
  { maxMessageBytes }: Pick<Passing, "maxMessageBytes">,
): AsyncDisposable {
  const tunnels = new Set<Tunnel>();
  const server = Bun.serve({
    unix: path,
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    websocket: callerHandlers({ maxMessageBytes, tunnels }),
    fetch(request, bunServer) {
      const address = request.headers.get(PEER_HEADER) ?? "";
      request.headers.delete(PEER_HEADER);
      const asIfHere: RequestServer = {
        timeout: (of, seconds) => bunServer.timeout(of, seconds),
        requestIP: () =>
          address === "" ? null : { address, family: address.includes(":") ? "IPv6" : "IPv4", port: 0 },
        upgrade: (of, options) => bunServer.upgrade(of, options),
      };
      return requests.answer(request, asIfHere);
    },
  });
  return {
    async [Symbol.asyncDispose]() {
      for (const tunnel of tunnels) tunnel.end(GOING_AWAY, "The runner is shutting down.");
      await server.stop(true);
    },
  };
}
