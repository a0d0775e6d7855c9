import { type Tunnel, callerHandlers } from "../proxy/tunnel.ts";
import { requireProtection } from "./access/exposure.ts";
import type { createApp } from "./app.ts";
import type { ServerContext } from "./context.ts";
import { errorResponse } from "./errors.ts";
import { addressesOf, authority, listenError } from "./listen-error.ts";
import { IDLE_TIMEOUT_SECONDS, createRequests } from "./requests.ts";
import { endUnread } from "./tcp-options.ts";
import { observeTunnels } from "./tunnel-metrics.ts";

export type Listener = {
  /** `http://127.0.0.1:8000`. */
  url: string;
  port: number;
  /** Refuses new requests with SHUTTING_DOWN and waits until those inside have ended, `timeoutMs` at most. */
  stop(timeoutMs: number): Promise<void>;
};

/** Bun's answer to a body above its limit is empty. Ours are counted where they are read, and Bun drops what is not. */
const NO_BODY_LIMIT = Number.MAX_SAFE_INTEGER;

/** Serves the app until it is stopped. Throws StartError when it cannot listen on the address or the port. */
export async function listen(
  app: ReturnType<typeof createApp>,
  context: Pick<ServerContext, "settings" | "access" | "callers" | "log" | "clock" | "metrics">,
): Promise<Listener> {
  const { settings, clock, log, metrics } = context;
  const { host } = settings.listen;
  requireProtection({ host, addresses: await addressesOf(host) }, settings.access, log);
  const tunnels = new Set<Tunnel>();
  const requests = createRequests(app, context);
  const server = serve(context, requests, tunnels);
  const port = server.port ?? settings.listen.port;
  app.server = server;
  await endUnread(port);
  observeTunnels(metrics, tunnels);
  return {
    url: `http://${authority(host, port)}`,
    port,
    async stop(timeoutMs) {
      requests.refuse();
      for (const tunnel of tunnels) tunnel.end(1001, "The runner is shutting down.");
      const graceful = server.stop();
      await Promise.race([graceful, clock.sleep(timeoutMs)]);
      await server.stop(true);
    },
  };
}

function serve(
  { settings, log, metrics }: Pick<ServerContext, "settings" | "log" | "metrics">,
  requests: ReturnType<typeof createRequests>,
  tunnels: Set<Tunnel>,
) {
  const { listen: address, maxInvokeBytes } = settings;
  try {
    return Bun.serve({
      hostname: address.host,
      port: address.port,
      // Without it Bun shares the port with any other process that asks for it.
      reusePort: false,
      development: false,
      idleTimeout: IDLE_TIMEOUT_SECONDS,
      maxRequestBodySize: NO_BODY_LIMIT,
      fetch: (request, server) => requests.answer(request, server),
      websocket: callerHandlers({ maxMessageBytes: maxInvokeBytes, tunnels }),
      error: (error) => errorResponse(error, { log, metrics, requestId: "" }),
    });
  } catch (error) {
    throw listenError(error, address);
  }
}
