import type { ServerWebSocket, WebSocketHandler } from "bun";
import type { WebSocket } from "ws";

import { messageOf } from "../lib/errors.ts";

/** Bytes that may wait to be written to an agent before its caller is read no further. */
const HIGH_WATER = 1024 * 1024;

/** Seconds of silence after which a caller is pinged, and given up if no answer comes. */
const IDLE_TIMEOUT_SECONDS = 120;

/** Bun's answer of `send` when the message waits to be written. */
const BACK_PRESSURE = -1;

/** Close codes of RFC 6455 section 7.4.1. */
const GOING_AWAY = 1001;
const TOO_BIG = 1009;
const INTERNAL_ERROR = 1011;
/** The connection ended with a close frame that has no code, or without a close frame. */
const NO_CODE = 1005;
export const ABNORMAL = 1006;

/** How a tunnel came to its end: who closed first, and with which code. */
export type TunnelEnd = { by: "caller" | "agent" | "runner"; code: number };

type Caller = ServerWebSocket<Tunnel>;

/** An agent and its caller, joined. What the caller does comes in here; what the agent does finds its own way. */
export type Tunnel = {
  opened: (caller: Caller) => void;
  message: (data: string | Buffer) => void;
  drained: () => void;
  ping: (data: Buffer) => void;
  pong: (data: Buffer) => void;
  closed: (code: number, reason: string) => void;
  /** Closes the caller's side with `code`, and the agent's as if the caller had gone away. */
  end: (code: number, reason: string) => void;
  /** Resolves when the agent's side has closed. */
  readonly ended: Promise<TunnelEnd>;
};

export type TunnelOptions = {
  /** Has opened just now. */
  agent: WebSocket;
  /** Largest message that the agent may send, bytes; held by `agent`, told here. */
  maxMessageBytes: number;
  /** Why the agent broke off without a close frame, as a sentence. */
  explain: () => Promise<string>;
};

/**
 * Passes messages, pings and closes on, in both directions. When one side is slow to read, the other is read no
 * further, so that little ever waits here.
 */
export function createTunnel({ agent, maxMessageBytes, explain }: TunnelOptions): Tunnel {
  let caller: Caller | undefined;
  let end: TunnelEnd | undefined;
  let failure: Error | undefined;
  let callerClose: [code: number, reason: string] | undefined;
  const early: (string | Buffer)[] = [];
  const ended = Promise.withResolvers<TunnelEnd>();

  const toCaller = (data: string | Buffer) => {
    if (caller === undefined) early.push(data);
    else if (caller.send(data) === BACK_PRESSURE) agent.pause();
  };
  const closeCaller = (...close: [code: number, reason: string]) => {
    callerClose ??= close;
    caller?.close(...close);
  };
  // Not before all has gone: with every part of a large message that goes, another one would come.
  const readAgent = () => {
    if (caller?.getBufferedAmount() === 0) agent.resume();
  };
  const readCaller = () => {
    if (caller?.isPaused) caller.resume();
  };

  // Until the caller is there. What came in one piece with the handshake is told all the same.
  agent.pause();
  agent.on("message", (data: Buffer, isBinary: boolean) => toCaller(isBinary ? data : data.toString()));
  agent.on("ping", (data) => (caller === undefined ? agent.pong(data) : caller.ping(data)));
  agent.on("error", (error) => {
    failure = error;
  });
  agent.on("close", (code, reason) => {
    const first = (end ??= { by: "agent", code });
    ended.resolve(first);
    if (first.by !== "agent") return;
    if (code !== ABNORMAL) closeCaller(code, reason.toString());
    else if (failure === undefined) void explain().then((why) => closeCaller(INTERNAL_ERROR, why));
    else closeCaller(...closeFor(failure, maxMessageBytes));
  });

  return {
    opened(opened) {
      caller = opened;
      for (const data of early.splice(0)) toCaller(data);
      if (callerClose !== undefined) caller.close(...callerClose);
      else readAgent();
    },
    message(data) {
      agent.send(data, readCaller);
      if (agent.bufferedAmount > HIGH_WATER) caller?.pause();
    },
    drained: readAgent,
    ping: (data) => agent.ping(data),
    pong: (data) => agent.pong(data),
    closed(code, reason) {
      end ??= { by: "caller", code };
      if (code === ABNORMAL) agent.terminate();
      else if (code === NO_CODE) agent.close();
      else agent.close(code, reason);
    },
    end(code, reason) {
      end ??= { by: "runner", code };
      agent.close(GOING_AWAY, reason);
      closeCaller(code, reason);
    },
    ended: ended.promise,
  };
}

function closeFor(failure: Error, maxMessageBytes: number): [code: number, reason: string] {
  if ("code" in failure && failure.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH")
    return [TOO_BIG, `The agent sent a message of more than ${maxMessageBytes} bytes.`];
  return [INTERNAL_ERROR, `The agent broke the protocol: ${messageOf(failure)}`];
}

export type CallerOptions = {
  /** Largest message that a caller may send, bytes. */
  maxMessageBytes: number;
  /** Holds the tunnels whose callers are there. */
  tunnels: Set<Tunnel>;
};

/** For `Bun.serve`: the sockets of callers, each with its tunnel as `data`. */
export function callerHandlers({ maxMessageBytes, tunnels }: CallerOptions): WebSocketHandler<Tunnel> {
  return {
    open(socket) {
      tunnels.add(socket.data);
      socket.data.opened(socket);
    },
    message: (socket, data) => socket.data.message(data),
    drain: (socket) => socket.data.drained(),
    ping: (socket, data) => socket.data.ping(data),
    pong: (socket, data) => socket.data.pong(data),
    close(socket, code, reason) {
      tunnels.delete(socket.data);
      socket.data.closed(code, reason);
    },
    maxPayloadLength: maxMessageBytes,
    // Nothing is dropped: the agent is read no further as soon as anything waits.
    backpressureLimit: 0,
    idleTimeout: IDLE_TIMEOUT_SECONDS,
    perMessageDeflate: false,
  };
}
