import type { Server } from "bun";

import { RunnerError } from "../lib/errors.ts";
import { createRequestLog } from "../lib/request-log.ts";
import type { Tunnel } from "../proxy/tunnel.ts";
import type { Visit } from "./callers/callers.ts";
import type { ServerContext } from "./context.ts";
import { CLIENT_LEFT, errorResponse } from "./errors.ts";
import type { Arrival, Handler } from "./handler.ts";
import { whenMade } from "./open-answer.ts";
import { checkHead, requireDecodable } from "./request-head.ts";
import { REQUEST_ID_HEADER, ensureRequestId } from "./request-id.ts";
import { routeOf } from "./route.ts";
import { pathOf } from "./target.ts";

/** Seconds without a byte after which a connection that is not in a request is closed. */
export const IDLE_TIMEOUT_SECONDS = 120;

/** Probes ask for it again and again, and would fill the log. */
const HEALTH_PATH = "/health";

type RequestsContext = Pick<ServerContext, "access" | "callers" | "log" | "clock" | "metrics">;

/** The server that took a request. */
export type RequestServer = Pick<Server<Tunnel>, "timeout" | "requestIP" | "upgrade">;

/** Does for each request what is the same for all: its id, authentication, one log line and one count. */
export type Requests = {
  /** Undefined once the connection is a WebSocket. */
  answer(request: Request, server: RequestServer): Promise<Response | undefined>;
  /** From now on every request is refused with SHUTTING_DOWN. */
  refuse(): void;
};

export function createRequests(
  handle: Handler,
  { access, callers, log, clock, metrics }: RequestsContext,
): Requests {
  const logRequest = createRequestLog(log);
  let refusing = false;

  const receive = (request: Request, peerOf: () => string | undefined): Visit => {
    try {
      if (refusing) throw shuttingDown();
      checkHead(request);
      const visit = callers.receive(request, peerOf);
      requireDecodable(visit.path);
      return visit;
    } catch (error) {
      return { path: pathOf(request.url), refusal: error, mark: () => undefined };
    }
  };
  const respond = async (request: Request, { visit, arrival, requestId, peerOf }: Asked) => {
    const { path, refusal, answer } = visit;
    if (refusal !== undefined)
      return { token: undefined, response: errorResponse(refusal, { log, metrics, requestId }) };
    // A browser asks without a token whether it may send one.
    if (answer !== undefined) return { token: undefined, response: answer };
    let token: string | undefined;
    try {
      token = access.admit(request, path, peerOf);
      return { token, response: await handle(request, arrival) };
    } catch (error) {
      const { signal } = request;
      return { token, response: errorResponse(error, { log, metrics, requestId, signal }) };
    }
  };

  return {
    async answer(request, server) {
      const startedAt = clock.monotonic();
      const requestId = ensureRequestId(request);
      // Deploys, invokes and followed logs may be silent for long; each has a deadline of its own, and so have bodies.
      server.timeout(request, 0);
      const peerOf = () => server.requestIP(request)?.address;
      const visit = receive(request, peerOf);
      const { path } = visit;
      const { route, agentId } = routeOf(path);
      const arrival = { route, agentId, server };
      const { token, response } = await respond(request, { visit, arrival, requestId, peerOf });
      visit.mark(response.headers);
      response.headers.set(REQUEST_ID_HEADER, requestId);
      // From now on silence is the caller's; a stream may still be silent by itself.
      whenMade(request, limitSilence(request, server));
      const ms = Math.round((clock.monotonic() - startedAt) * 10) / 10;
      const { method } = request;
      const status = request.signal.aborted ? CLIENT_LEFT : response.status;
      metrics.httpRequests.inc({ method, route, status: String(status) });
      metrics.httpDurations.observe({ method, route }, ms / 1000);
      const fields = { request_id: requestId, agent_id: agentId, token, method, path, status, ms };
      logRequest(fields, path === HEALTH_PATH ? "debug" : "info");
      return response.status === 101 ? undefined : response;
    },
    refuse() {
      refusing = true;
    },
  };
}

/** Apart from the rest: an open stream holds what is in the scope of this. */
function limitSilence(request: Request, server: RequestServer): () => void {
  return () => server.timeout(request, IDLE_TIMEOUT_SECONDS);
}

type Asked = { visit: Visit; arrival: Arrival; requestId: string; peerOf: () => string | undefined };

function shuttingDown(): RunnerError {
  return new RunnerError("SHUTTING_DOWN", "The runner is shutting down.", {
    headers: { "Retry-After": "5", Connection: "close" },
  });
}
