import { RunnerError } from "../lib/errors.ts";
import { type Tunnel, callerHandlers } from "../proxy/tunnel.ts";
import type { createApp } from "./app.ts";
import { createAuth } from "./auth.ts";
import type { ServerContext } from "./context.ts";
import { errorResponse } from "./errors.ts";
import { REQUEST_ID_HEADER, ensureRequestId } from "./request-id.ts";
import { routeOf } from "./route.ts";

export type Listener = {
  /** `http://127.0.0.1:8000`. */
  url: string;
  port: number;
  /** Refuses new requests with SHUTTING_DOWN and waits until those inside have ended, `timeoutMs` at most. */
  stop(timeoutMs: number): Promise<void>;
};

/** Bun's own limit on a body lies above ours, which answers with a JSON error where Bun's is empty. */
const BODY_LIMIT_MARGIN = 16 * 1024 * 1024;

/** Seconds without a byte after which a connection that is not in a request is closed. */
const IDLE_TIMEOUT_SECONDS = 120;

/** Serves the app: request ids, authentication, one log line and one count for each request, and an orderly end. */
export function listen(app: ReturnType<typeof createApp>, context: ServerContext): Listener {
  const { config, log, clock, metrics } = context;
  const authenticate = createAuth(config.apiToken);
  const tunnels = new Set<Tunnel>();
  let stopping = false;

  const answer = async (request: Request, path: string, requestId: string): Promise<Response> => {
    try {
      if (stopping) throw shuttingDown();
      authenticate(request, path);
      return await app.handle(request);
    } catch (error) {
      return errorResponse(error, { log, metrics, requestId });
    }
  };

  const server = Bun.serve({
    hostname: config.host,
    port: config.port,
    development: false,
    idleTimeout: IDLE_TIMEOUT_SECONDS,
    maxRequestBodySize: Math.max(config.maxUploadBytes, config.maxInvokeBytes) + BODY_LIMIT_MARGIN,
    async fetch(request, bunServer) {
      const startedAt = clock.monotonic();
      const requestId = ensureRequestId(request);
      const path = pathOf(request.url);
      // Deploys, invokes and followed logs may be silent for long; each has a deadline of its own.
      bunServer.timeout(request, 0);
      const response = await answer(request, path, requestId);
      response.headers.set(REQUEST_ID_HEADER, requestId);
      const ms = clock.monotonic() - startedAt;
      const { method } = request;
      const status = request.signal.aborted ? CLIENT_LEFT : response.status;
      const { route, agentId } = routeOf(path);
      metrics.httpRequests.inc({ method, route, status: String(status) });
      log.info(
        {
          request_id: requestId,
          agent_id: agentId,
          method,
          path,
          status,
          ms: Math.round(ms * 10) / 10,
        },
        "request",
      );
      // The connection is a WebSocket now.
      return response.status === 101 ? undefined : response;
    },
    websocket: callerHandlers({ maxMessageBytes: config.maxInvokeBytes, tunnels }),
    error: (error) => errorResponse(error, { log, metrics, requestId: "" }),
  });

  app.server = server;
  metrics.read(
    { name: "oken_websockets_open", help: "WebSockets that are open.", labels: [], type: "gauge" },
    () => [[{}, tunnels.size]],
  );

  return {
    url: `http://${config.host.includes(":") ? `[${config.host}]` : config.host}:${server.port}`,
    port: server.port ?? config.port,
    async stop(timeoutMs) {
      stopping = true;
      for (const tunnel of tunnels) tunnel.end(1001, "The runner is shutting down.");
      const graceful = server.stop();
      await Promise.race([graceful, clock.sleep(timeoutMs)]);
      await server.stop(true);
    },
  };
}

/** nginx's status for a caller who left before the answer; only ever in the log. */
const CLIENT_LEFT = 499;

function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  const end = url.indexOf("?", start);
  return start === -1 ? "/" : url.slice(start, end === -1 ? undefined : end);
}

function shuttingDown(): RunnerError {
  return new RunnerError("SHUTTING_DOWN", "The runner is shutting down.", {
    headers: { "Retry-After": "5", Connection: "close" },
  });
}
