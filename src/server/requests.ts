import type { Server } from "bun";

import { RunnerError } from "../lib/errors.ts";
import type { Tunnel } from "../proxy/tunnel.ts";
import type { createApp } from "./app.ts";
import { createAuth } from "./auth.ts";
import type { ServerContext, ServerSettings } from "./context.ts";
import { errorResponse } from "./errors.ts";
import { checkHead } from "./request-head.ts";
import { REQUEST_ID_HEADER, ensureRequestId } from "./request-id.ts";
import { routeOf } from "./route.ts";
import { pathOf } from "./target.ts";

/** nginx's status for a caller who left before the answer. It is only logged and counted. */
const CLIENT_LEFT = 499;

type RequestsContext = Pick<ServerContext, "log" | "clock" | "metrics"> & {
  settings: Pick<ServerSettings, "apiToken">;
};

/** Does for each request what is the same for all: its id, authentication, one log line and one count. */
export type Requests = {
  /** Undefined once the connection is a WebSocket. */
  answer(request: Request, server: Pick<Server<Tunnel>, "timeout">): Promise<Response | undefined>;
  /** From now on every request is refused with SHUTTING_DOWN. */
  refuse(): void;
};

export function createRequests(
  app: Pick<ReturnType<typeof createApp>, "handle">,
  { settings, log, clock, metrics }: RequestsContext,
): Requests {
  const authenticate = createAuth(settings.apiToken);
  let refusing = false;

  const respond = async (request: Request, path: string, requestId: string): Promise<Response> => {
    try {
      if (refusing) throw shuttingDown();
      checkHead(request);
      authenticate(request, path);
      return await app.handle(request);
    } catch (error) {
      return errorResponse(error, { log, metrics, requestId });
    }
  };

  return {
    async answer(request, server) {
      const startedAt = clock.monotonic();
      const requestId = ensureRequestId(request);
      const path = pathOf(request.url);
      // Deploys, invokes and followed logs may be silent for long; each has a deadline of its own.
      server.timeout(request, 0);
      const response = await respond(request, path, requestId);
      response.headers.set(REQUEST_ID_HEADER, requestId);
      const ms = Math.round((clock.monotonic() - startedAt) * 10) / 10;
      const { method } = request;
      const status = request.signal.aborted ? CLIENT_LEFT : response.status;
      const { route, agentId } = routeOf(path);
      metrics.httpRequests.inc({ method, route, status: String(status) });
      log.info({ request_id: requestId, agent_id: agentId, method, path, status, ms }, "request");
      return response.status === 101 ? undefined : response;
    },
    refuse() {
      refusing = true;
    },
  };
}

function shuttingDown(): RunnerError {
  return new RunnerError("SHUTTING_DOWN", "The runner is shutting down.", {
    headers: { "Retry-After": "5", Connection: "close" },
  });
}
