import type { Server } from "bun";

import { RunnerError } from "../../lib/errors.ts";
import { createRequestLog } from "../../lib/request-log.ts";
import type { Tunnel } from "../../proxy/tunnel.ts";
import type { Span } from "../../tracing/span.ts";
import type { Visit } from "../callers/callers.ts";
import { confine, forbidSniffing } from "../callers/sandbox.ts";
import type { ServerContext } from "../context.ts";
import { CLIENT_LEFT, errorResponse } from "../errors.ts";
import type { Arrival, Handler } from "../calls/handler.ts";
import { whenMade } from "../open-answer.ts";
import { checkHead, requireDecodable } from "./request-head.ts";
import { REQUEST_ID_HEADER, ensureRequestId } from "./request-id.ts";
import { beginRequestSpan, tellStatus } from "./request-span.ts";
import { routeOf } from "./route.ts";
import { pathOf } from "./target.ts";

/** Seconds without a byte after which a connection that is not in a request is closed. */
export const IDLE_TIMEOUT_SECONDS = 120;

/** Probes ask for them again and again, and would fill the log and the traces. */
const PROBED_PATHS: ReadonlySet<string> = new Set(["/health", "/metrics"]);

type RequestsContext = Pick<ServerContext, "access" | "callers" | "log" | "clock" | "metrics" | "tracer">;

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
  { access, callers, log, clock, metrics, tracer }: RequestsContext,
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
      const path = pathOf(request.url);
      return { path, refusal: error, mark: path.startsWith("/invoke/") ? confine : forbidSniffing };
    }
  };
  const respond = async (request: Request, { visit, arrival, requestId, traceId, peerOf }: Asked) => {
    const { path, refusal, answer } = visit;
    if (refusal !== undefined)
      return { token: undefined, response: errorResponse(refusal, { log, metrics, requestId, traceId }) };
    // A browser asks without a token whether it may send one.
    if (answer !== undefined) return { token: undefined, response: answer };
    let token: string | undefined;
    try {
      token = access.admit(request, path, peerOf);
      return { token, response: await handle(request, arrival) };
    } catch (error) {
      const { signal } = request;
      return { token, response: errorResponse(error, { log, metrics, requestId, traceId, signal }) };
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
      const isProbe = PROBED_PATHS.has(path);
      const span =
        tracer === undefined || isProbe
          ? undefined
          : beginRequestSpan(tracer, request, { path, route, agentId, requestId });
      const traceId = span?.traceId;
      const { token, response } = await respond(request, { visit, arrival, requestId, traceId, peerOf });
      visit.mark(response.headers);
      response.headers.set(REQUEST_ID_HEADER, requestId);
      const ms = Math.round((clock.monotonic() - startedAt) * 10) / 10;
      const { method } = request;
      const status = request.signal.aborted ? CLIENT_LEFT : response.status;
      if (span !== undefined) tellStatus(span, status);
      // From now on silence is the caller's; a stream may still be silent by itself.
      whenMade(request, endOfAnswer(request, server, span));
      metrics.httpRequests.inc({ method, route, status: String(status) });
      metrics.httpDurations.observe({ method, route }, ms / 1000);
      const known = { request_id: requestId, agent_id: agentId, token, method, path, status, ms };
      logRequest(traceId === undefined ? known : { ...known, trace_id: traceId }, isProbe ? "debug" : "info");
      return response.status === 101 ? undefined : response;
    },
    refuse() {
      refusing = true;
    },
  };
}

/** Apart from the rest: an open stream holds what is in the scope of this. */
function endOfAnswer(request: Request, server: RequestServer, span: Span | undefined): () => void {
  return () => {
    server.timeout(request, IDLE_TIMEOUT_SECONDS);
    span?.end();
  };
}

type Asked = {
  visit: Visit;
  arrival: Arrival;
  requestId: string;
  traceId: string | undefined;
  peerOf: () => string | undefined;
};

function shuttingDown(): RunnerError {
  return new RunnerError("SHUTTING_DOWN", "The runner is shutting down.", {
    headers: { "Retry-After": "5", Connection: "close" },
  });
}
