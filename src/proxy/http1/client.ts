import type { Clock } from "../../lib/clock.ts";
import { Connection, type Exchange } from "./connection.ts";
import { UnsentError } from "../reach.ts";
import type { CancelSignal } from "../../lib/cancel.ts";
import { BrokenAnswerError } from "./errors.ts";

/** Longest wait for a connection, milliseconds. A server on this host takes one within a millisecond. */
const CONNECT_TIMEOUT_MS = 5_000;

/** How long an unused connection stays open, milliseconds. */
const IDLE_MS = 60_000;

export type ExchangeOptions = Exchange & {
  /** `http://address:port`. */
  origin: string;
  signal: CancelSignal;
  /**
   * The server that a connection is kept for: the next one at the same address gets none of it. Undefined for a
   * connection of its own: the agent's server may close an idle one at any time.
   */
  keptFor: object | undefined;
  /** Has the connection, which can be paused, before the answer comes. */
  onConnection: (connection: Pick<Connection, "pause" | "resume" | "destroy">) => void;
};

/** Sends requests to agents, over connections that it keeps. */
export type HttpClient = {
  /**
   * Resolves when the answer has ended. Rejects with the system's error or UnsentError when there is no connection, with
   * BrokenAnswerError, or with the signal's reason.
   */
  exchange(options: ExchangeOptions): Promise<void>;
  /** Connections that wait for a request. */
  idle(): number;
  close(): void;
};

export function createHttpClient(clock: Pick<Clock, "monotonic" | "timer">): HttpClient {
  const pools = new Map<object, Connection[]>();
  let cancelSweep: (() => void) | undefined;

  /** The one that was used last: the others then become old and go. */
  function takeIdle(server: object): Connection | undefined {
    const pool = pools.get(server);
    for (let found = pool?.pop(); found !== undefined; found = pool?.pop()) if (found.isOpen) return found;
    return undefined;
  }

  function keep(server: object, connection: Connection): void {
    connection.idleSince = clock.monotonic();
    const pool = pools.get(server);
    if (pool === undefined) pools.set(server, [connection]);
    else pool.push(connection);
    cancelSweep ??= clock.timer(IDLE_MS, sweep);
  }

  function sweep(): void {
    const oldest = clock.monotonic() - IDLE_MS;
    for (const [server, pool] of pools) {
      const kept = pool.filter((connection) => connection.isOpen && connection.idleSince > oldest);
      for (const connection of pool) if (!kept.includes(connection)) connection.destroy();
      if (kept.length === 0) pools.delete(server);
      else pools.set(server, kept);
    }
    cancelSweep = pools.size === 0 ? undefined : clock.timer(IDLE_MS, sweep);
  }

  async function run(options: ExchangeOptions, connection: Connection): Promise<void> {
    const { signal, keptFor } = options;
    const onAbort = () => connection.destroy(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    options.onConnection(connection);
    try {
      const { isReusable } = await connection.exchange(options);
      if (isReusable && keptFor !== undefined) keep(keptFor, connection);
      else connection.destroy();
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  return {
    async exchange(options) {
      if (options.signal.aborted) throw new UnsentError(options.signal.reason);
      const known = options.keptFor === undefined ? undefined : takeIdle(options.keptFor);
      if (known !== undefined) {
        try {
          return await run(options, known);
        } catch (error) {
          if (!mayRepeat(options, error)) throw error;
        }
      }
      return run(options, await connect(options, clock));
    },
    idle: () => [...pools.values()].reduce((sum, pool) => sum + pool.length, 0),
    close() {
      cancelSweep?.();
      for (const connection of [...pools.values()].flat()) connection.destroy();
      pools.clear();
    },
  };
}

/**
 * Whether the other side closed the idle connection just as the request came, and the request can do no harm a second
 * time (RFC 9110 section 9.2.2, RFC 9112 section 9.3.1).
 */
function mayRepeat({ request, signal }: ExchangeOptions, error: unknown): boolean {
  const isSafe = ["GET", "HEAD", "OPTIONS"].includes(request.method) && request.body.kind === "none";
  return isSafe && !signal.aborted && error instanceof BrokenAnswerError && error.isUnanswered;
}

/** A fresh connection. One that opens after the wait for it has ended is closed. */
async function connect(
  { origin, signal }: Pick<ExchangeOptions, "origin" | "signal">,
  clock: Pick<Clock, "timer">,
): Promise<Connection> {
  const { hostname, port } = new URL(origin);
  const connection = new Connection();
  const opening = connection.open({ hostname, port: Number(port) });
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(new UnsentError(signal.reason));
  const cancel = clock.timer(CONNECT_TIMEOUT_MS, () => reject(timedOut(origin)));
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([opening, ended]);
    return connection;
  } catch (error) {
    void opening.then(
      () => connection.destroy(),
      () => undefined,
    );
    throw error;
  } finally {
    cancel();
    signal.removeEventListener("abort", onAbort);
  }
}

function timedOut(origin: string): Error {
  const message = `no connection to ${origin} within ${CONNECT_TIMEOUT_MS / 1000} s`;
  return Object.assign(new Error(message), { code: "ConnectionTimeout" });
}
