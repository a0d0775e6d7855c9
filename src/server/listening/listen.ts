import { closeSync, rmSync } from "node:fs";

import type { Server } from "bun";

import { messageOf } from "../../lib/errors.ts";
import { waitAtMost } from "../../lib/wait-at-most.ts";
import { watchFiles } from "../../lib/watched-files.ts";
import { type Tunnel, callerHandlers } from "../../proxy/tunnel.ts";
import { requireProtection } from "../access/exposure.ts";
import type { createApp } from "../app.ts";
import type { ListenSettings, ServerContext } from "../context.ts";
import { errorResponse } from "../errors.ts";
import { createHandler } from "../calls/handler.ts";
import type { InvokeContext } from "../calls/invoke.ts";
import { addressesOf, authority, listenError } from "./listen-error.ts";
import { type Gate, createGate } from "./gate.ts";
import { NOWHERE, listenOn, openSocketAt } from "./open-socket.ts";
import { IDLE_TIMEOUT_SECONDS, createRequests } from "../requests/requests.ts";
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
  gate: Gate;
  /** Requests and WebSockets that are inside. */
  readonly inside: number;
  /** The socket that it listens on; undefined where the system does not tell. */
  socket(): Promise<number | undefined>;
  /** Listens from now on where it was told that another process does. */
  inherit(): Promise<void>;
  /** Listens no more: another process does. What is inside goes on. */
  leave(): Promise<void>;
  /** Refuses new requests with SHUTTING_DOWN and waits until those inside have ended, `timeoutMs` at most. */
  stop(timeoutMs: number): Promise<void>;
};

/** What another process listens on, and has left to this one. */
export type InheritedSocket = {
  fd: number;
  port: number;
  /** That process goes on to hold it: a path stays when this one ends. */
  isHeld?: boolean;
};

type ListenContext = InvokeContext & Pick<ServerContext, "access">;

/** Bun's answer to a body above its limit is empty. Ours are counted where they are read, and Bun drops what is not. */
const NO_BODY_LIMIT = Number.MAX_SAFE_INTEGER;

/**
 * Serves the app until it is stopped. Throws StartError when it cannot listen where the settings say. On an inherited
 * socket it does not listen before `inherit`.
 */
export async function listen(
  app: ReturnType<typeof createApp>,
  context: ListenContext,
  inherited?: InheritedSocket,
): Promise<Listener> {
  const { settings, clock, log, metrics } = context;
  const address = settings.listen;
  const { host, socket, tls } = address;
  if (socket === undefined)
    requireProtection({ host, addresses: await addressesOf(host) }, settings.access, log);
  else if (inherited === undefined) await requireFreeSocket(socket);

  const tunnels = new Set<Tunnel>();
  const requests = createRequests(createHandler(app, context), context);
  const gate = createGate(requests);
  const servers = new Set<Server<Tunnel>>();
  const start = async (identification: Identification | undefined, at: Partial<ListenSettings>) => {
    const server = serve(context, { address: { ...address, ...at }, identification, gate, tunnels });
    servers.add(server);
    app.server = server;
    if (server.port !== undefined) await endUnread(server.port);
    return server;
  };
  const end = async (server: Server<Tunnel>, now = false) => {
    await server.stop(now);
    servers.delete(server);
  };
  let current = tls && (await readIdentification(tls));
  const first = await start(current, inherited === undefined ? {} : NOWHERE);
  const port = inherited?.port ?? first.port ?? 0;
  const ownSocket = () => openSocketAt(socket === undefined ? { port } : { path: socket });
  let hasLeft = false;
  observeTunnels(metrics, tunnels);

  // Bun's `reload` leaves the certificate as it is. Requests inside are finished where they began.
  const renew = async (files: TlsSettings) => {
    const identification = await readIdentification(files);
    const earlier = [...servers];
    const kept = socket === undefined ? await ownSocket() : undefined;
    if (kept === undefined) {
      // In one go: until the new server listens nobody does.
      for (const server of earlier) void end(server);
      try {
        await start(identification, { port });
      } catch (error) {
        await start(current, { port });
        throw error;
      }
    } else {
      const server = await start(identification, NOWHERE);
      try {
        await listenOn(kept.fd, server);
      } catch (error) {
        app.server = earlier.at(-1) ?? null;
        await end(server, true);
        throw error;
      }
      await kept.leave();
      for (const one of earlier) void end(one);
    }
    current = identification;
  };
  let renewing: Promise<unknown> = Promise.resolve();
  const renewInTurn = (files: TlsSettings) => {
    const mine = renewing.then(() => renew(files));
    renewing = mine.catch(() => undefined);
    return mine;
  };
  const watch = tls && (await watchIdentification(tls, { clock, log, renew: renewInTurn }));

  const scheme = tls === undefined ? "http" : "https";
  return {
    url: socket === undefined ? `${scheme}://${authority(host, port)}` : `unix:${socket}`,
    port,
    renewCertificate: async () => tls && renewInTurn(tls),
    gate,
    get inside() {
      const inside = [...servers].map(
        ({ pendingRequests, pendingWebSockets }) => pendingRequests + pendingWebSockets,
      );
      return inside.reduce((sum, number) => sum + number, 0);
    },
    socket: async () => (await ownSocket())?.fd,
    async inherit() {
      if (inherited === undefined) return;
      await listenOn(inherited.fd, first);
      closeSync(inherited.fd);
      if (socket === undefined) await endUnread(port);
    },
    async leave() {
      hasLeft = true;
      watch?.[Symbol.dispose]();
      await (await ownSocket())?.leave();
    },
    async stop(timeoutMs) {
      watch?.[Symbol.dispose]();
      requests.refuse();
      for (const tunnel of tunnels) tunnel.end(1001, "The runner is shutting down.");
      // Bun would remove the socket's path, which is the other process's now.
      if (hasLeft && socket !== undefined) return;
      const graceful = Promise.all([...servers].map((server) => server.stop()));
      await waitAtMost(timeoutMs, graceful, clock);
      await Promise.all([...servers].map((server) => server.stop(true)));
      if (socket !== undefined && inherited?.isHeld !== true) rmSync(socket, { force: true });
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
  gate: Gate;
  tunnels: Set<Tunnel>;
};

function serve(
  { settings, log, metrics }: ListenContext,
  { address, identification, gate, tunnels }: Serving,
): Server<Tunnel> {
  const { host, port, socket } = address;
  const options = {
    development: false as const,
    maxRequestBodySize: NO_BODY_LIMIT,
    fetch: (request: Request, server: Server<Tunnel>) => gate.answer(request, server),
    websocket: callerHandlers({ maxMessageBytes: settings.maxInvokeBytes, tunnels }),
    error: (error: unknown) => errorResponse(error, { log, metrics, requestId: "" }),
    ...(identification && { tls: identification }),
  };
  try {
    if (socket !== undefined) {
      // One that was inherited is not Bun's to remove.
      rmSync(socket, { force: true });
      // There Bun 1.4 heeds no other time for a request without a body, and ends it after ten seconds. Its types lack it.
      const patience: object = { idleTimeout: 0 };
      return withSocketMode(() => Bun.serve({ ...options, ...patience, unix: socket }));
    }
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
