import { rmSync } from "node:fs";

import { RunnerError } from "../../lib/errors.ts";
import type { ListenSettings } from "../context.ts";
import { errorBody } from "../errors.ts";
import type { InheritedSocket } from "./listen.ts";
import { listenError } from "./listen-error.ts";
import { NOWHERE, listenOn } from "./open-socket.ts";
import { pathOf } from "../requests/target.ts";
import { readIdentification } from "./tls.ts";
import { requireFreeSocket, withSocketMode } from "./unix-socket.ts";

/** After so many seconds a caller may ask again: by then this runner serves, if the one that did is lost. */
const RETRY_AFTER_SECONDS = "5";

/** What is answered where the runner will listen, until it is disposed of. */
export type StandbyServer = AsyncDisposable & { port: number };

/**
 * Says to everybody that another runner serves. `why` gives the sentence. On a socket that a service manager holds it
 * listens there, and leaves it open for who listens next. Throws StartError as `listen` does.
 */
export async function serveStandby(
  address: ListenSettings,
  why: () => string,
  passed?: Pick<InheritedSocket, "fd">,
): Promise<StandbyServer> {
  const { tls } = address;
  const { host, port, socket } = passed === undefined ? address : NOWHERE;
  if (socket !== undefined) await requireFreeSocket(socket);
  const identification = tls && (await readIdentification(tls));
  const options = {
    development: false as const,
    fetch: ({ url }: Request) => answer(pathOf(url), why()),
    ...(identification && { tls: identification }),
  };
  try {
    const server =
      socket === undefined
        ? Bun.serve({ ...options, hostname: host, port, reusePort: false })
        : withSocketMode(() => Bun.serve({ ...options, unix: socket }));
    if (passed !== undefined) await listenOn(passed.fd, server);
    let isOver = false;
    return {
      port: server.port ?? 0,
      async [Symbol.asyncDispose]() {
        if (isOver) return;
        isOver = true;
        await server.stop(true);
        // By the second time it would be another's.
        if (socket !== undefined) rmSync(socket, { force: true });
      },
    };
  } catch (error) {
    throw listenError(error, { host, port, socket });
  }
}

function answer(path: string, why: string): Response {
  const init = { status: 503, headers: { "Retry-After": RETRY_AFTER_SECONDS } };
  if (path === "/health")
    return Response.json({ status: "degraded", agents_running: 0, checks: { standby: why } }, init);
  return Response.json(errorBody(new RunnerError("ENGINE_UNAVAILABLE", why)), init);
}
