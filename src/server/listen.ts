import type { Server } from "bun";

import { messageOf } from "../lib/errors.ts";
import { waitAtMost } from "../lib/wait-at-most.ts";
import { watchFiles } from "../lib/watched-files.ts";
import { type Tunnel, callerHandlers } from "../proxy/tunnel.ts";
import { requireProtection } from "./access/exposure.ts";
import type { createApp } from "./app.ts";
import type { ListenSettings, ServerContext } from "./context.ts";
import { errorResponse } from "./errors.ts";
import { createHandler } from "./handler.ts";
import type { InvokeContext } from "./invoke.ts";
import { addressesOf, authority, listenError } from "./listen-error.ts";
import { IDLE_TIMEOUT_SECONDS, type Requests, createRequests } from "./requests.ts";
import { endUnread } from "./tcp-options.ts";
import { type Identification, type TlsSettings, readIdentification } from "./tls.ts";
import { observeTunnels } from "./tunnel-metrics.ts";
import { requireFreeSocket, withSocketMode } from "./unix-socket.ts";

export type Listener = {
  /** `http://127.0.0.1:8000`, `unix:/run/oken.sock`. */
  url: string;
  /** 0 for a Unix socket. */
  port: number;
  /** Reads the certificate and its key now. Rejects if they cannot be used, and what was stays. */
  renewCertificate(): Promise<void>;
  /** Refuses new requests with SHUTTING_DOWN and waits until those inside have ended, `timeoutMs` at most. */
  stop(timeoutMs: number): Promise<void>;
};

type ListenContext = InvokeContext & Pick<ServerContext, "access">;

/** Bun's answer to a body above its limit is empty. Ours are counted where they are read, and Bun drops what is not. */
const NO_BODY_LIMIT = Number.MAX_SAFE_INTEGER;

/** Serves the app until it is stopped. Throws StartError when it cannot listen where the settings say. */
export async function listen(app: ReturnType<typeof createApp>, context: ListenContext): Promise<Listener> {
  const { settings, clock, log, metrics } = context;
  const address = settings.listen;
  const { host, socket, tls } = address;
  if (socket === undefined)
    requireProtection({ host, addresses: await addressesOf(host) }, settings.access, log);
  else await requireFreeSocket(socket);

  const tunnels = new Set<Tunnel>();
  const requests = createRequests(createHandler(app, context), context);
  const servers = new Set<Server<Tunnel>>();
  const start = async (identification: Identification | undefined, port: number) => {
    const server = serve(context, { address: { ...address, port }, identification, requests, tunnels });
    servers.add(server);
    app.server = server;
    if (server.port !== undefined) await endUnread(server.port);
    return server.port ?? 0;
  };
  let current = tls && (await readIdentification(tls));
  const port = await start(current, address.port);
  observeTunnels(metrics, tunnels);

  // Bun's `reload` leaves the certificate as it is. Requests inside are finished where they began.
  const renew = async ({ certFile, keyFile }: TlsSettings) => {
    const identification = await readIdentification({ certFile, keyFile });
    // In one go: until the new server listens nobody does.
    for (const earlier of servers) void earlier.stop().then(() => servers.delete(earlier));
    try {
      await start(identification, port);
      current = identification;
    } catch (error) {
      await start(current, port);
      throw error;
    }
  };
  const watch = tls && (await watchIdentification(tls, { clock, log, renew }));

  const scheme = tls === undefined ? "http" : "https";
  return {
    url: socket === undefined ? `${scheme}://${authority(host, port)}` : `unix:${socket}`,
    port,
    renewCertificate: async () => tls && renew(tls),
    async stop(timeoutMs) {
      watch?.[Symbol.dispose]();
      requests.refuse();
      for (const tunnel of tunnels) tunnel.end(1001, "The runner is shutting down.");
      const graceful = Promise.all([...servers].map((server) => server.stop()));
      await waitAtMost(timeoutMs, graceful, clock);
      await Promise.all([...servers].map((server) => server.stop(true)));
    },
  };
}

function watchIdentification(
  tls: TlsSettings,
  {
    clock,
    log,
    renew,
  }: Pick<ListenContext, "clock" | "log"> & { renew: (tls: TlsSettings) => Promise<void> },
): Promise<Disposable> {
  const onChange = () =>
    renew(tls).then(
      () => log.info("the certificate was read again"),
      (error: unknown) =>
        log.error({ reason: messageOf(error) }, "the certificate stays as it was: its files are not valid"),
    );
  return watchFiles([tls.certFile, tls.keyFile], { clock, onChange });
}

type Serving = {
  address: ListenSettings;
  identification: Identification | undefined;
  requests: Requests;
  tunnels: Set<Tunnel>;
};

function serve(
  { settings, log, metrics }: ListenContext,
  { address, identification, requests, tunnels }: Serving,
): Server<Tunnel> {
  const { host, port, socket } = address;
  const options = {
    development: false as const,
    maxRequestBodySize: NO_BODY_LIMIT,
    fetch: (request: Request, server: Server<Tunnel>) => requests.answer(request, server),
    websocket: callerHandlers({ maxMessageBytes: settings.maxInvokeBytes, tunnels }),
    error: (error: unknown) => errorResponse(error, { log, metrics, requestId: "" }),
    ...(identification && { tls: identification }),
  };
  try {
    if (socket !== undefined) return withSocketMode(() => Bun.serve({ ...options, unix: socket }));
    // Without `reusePort` Bun shares the port with any other process that asks for it.
    return Bun.serve({
      ...options,
      hostname: host,
      port,
      reusePort: false,
      idleTimeout: IDLE_TIMEOUT_SECONDS,
    });
  } catch (error) {
    throw listenError(error, address);
  }
}
