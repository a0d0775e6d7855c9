import type { ServerWebSocket, WebSocketHandler } from "bun";
import type { WebSocket } from "ws";

import { messageOf } from "../lib/errors.ts";
import { type SlowReader, type SlowReaders, createSlowReaders } from "./slow-readers.ts";

/** When more bytes than this wait for the agent, its caller is paused. */
const HIGH_WATER = 1024 * 1024;

/** While more bytes than this wait for a side, pings and pongs for it are left out: they would only say that it lives. */
const CONTROL_WATER = 64 * 1024;

/** After so many seconds of silence a caller is pinged. Without an answer the connection is closed. */
const IDLE_TIMEOUT_SECONDS = 120;

/** What Bun's `send` returns when the message must wait. */
const BACK_PRESSURE = -1;

/** Close codes of RFC 6455 section 7.4.1. */
const GOING_AWAY = 1001;
const TOO_BIG = 1009;
const INTERNAL_ERROR = 1011;
const TRY_AGAIN_LATER = 1013;
/** No code in the close frame, and no close frame at all. */
const NO_CODE = 1005;
export const ABNORMAL = 1006;

/** Who closed the tunnel first, and with which code. */
export type TunnelEnd = { by: "caller" | "agent" | "runner"; code: number };

type Caller = ServerWebSocket<Tunnel>;

/** Joins a caller with an agent. These methods are called for what the caller does. */
export type Tunnel = {
  opened: (caller: Caller, slowReaders: SlowReaders) => void;
  message: (data: string | Buffer) => void;
  drained: () => void;
  ping: (data: Buffer) => void;
  pong: (data: Buffer) => void;
  closed: (code: number, reason: string) => void;
  /** Closes the caller's side with `code`, and tells the agent that the caller goes away. */
  end: (code: number, reason: string) => void;
  /** The agent is gone, and may never say so: closes the caller's side with the reason. */
  breakOff: (reason: string) => void;
  /** Resolves when the agent's side has closed. */
  readonly ended: Promise<TunnelEnd>;
};

export type TunnelOptions = {
  /** A connection that has just been opened. */
  agent: WebSocket;
  /** Largest message that the agent may send, bytes. `agent` enforces it; here it is named in the error. */
  maxMessageBytes: number;
  /** A sentence that says why the agent left without a close frame. */
  explain: () => Promise<string>;
};

/**
 * Passes messages, pings and closes on in both directions. When one side reads slowly, the other is paused, so that
 * only little waits here.
 */
export function createTunnel({ agent, maxMessageBytes, explain }: TunnelOptions): Tunnel {
  let caller: Caller | undefined;
  let slowReaders: SlowReaders | undefined;
  let end: TunnelEnd | undefined;
  let failure: Error | undefined;
  let callerClose: [code: number, reason: string] | undefined;
  const early: (string | Buffer)[] = [];
  const ended = Promise.withResolvers<TunnelEnd>();

  const toCaller = (data: string | Buffer) => {
    if (caller === undefined) early.push(data);
    else if (caller.send(data) === BACK_PRESSURE) {
      agent.pause();
      slowReaders?.add(reader);
    }
  };
  const reader: SlowReader = {
    waiting: () => caller?.getBufferedAmount() ?? 0,
    drop() {
      end ??= { by: "runner", code: TRY_AGAIN_LATER };
      // A close frame would wait behind all the rest.
      caller?.terminate();
    },
  };
  const closeCaller = (...close: [code: number, reason: string]) => {
    callerClose ??= close;
    caller?.close(...close);
  };
  // Wait until everything is sent: after a part of a large message, another one would come.
  const readAgent = () => {
    if (caller?.getBufferedAmount() !== 0) return;
    slowReaders?.remove(reader);
    agent.resume();
  };
  const readCaller = () => {
    if (caller?.isPaused) caller.resume();
  };

  // Until the caller is there. A message that arrived together with the handshake is still reported.
  agent.pause();
  agent.on("message", (data: Buffer, isBinary: boolean) => toCaller(isBinary ? data : data.toString()));
  agent.on("ping", (data) => {
    if (caller === undefined) agent.pong(data);
    else if (caller.getBufferedAmount() < CONTROL_WATER) caller.ping(data);
  });
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
    opened(opened, those) {
      caller = opened;
      slowReaders = those;
      for (const data of early.splice(0)) toCaller(data);
      if (callerClose !== undefined) caller.close(...callerClose);
      else readAgent();
    },
    message(data) {
      agent.send(data, readCaller);
      if (agent.bufferedAmount > HIGH_WATER) caller?.pause();
    },
    drained: readAgent,
    ping(data) {
      if (agent.bufferedAmount < CONTROL_WATER) agent.ping(data);
    },
    pong(data) {
      if (agent.bufferedAmount < CONTROL_WATER) agent.pong(data);
    },
    closed(code, reason) {
      slowReaders?.remove(reader);
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
    breakOff(reason) {
      end ??= { by: "agent", code: ABNORMAL };
      closeCaller(INTERNAL_ERROR, reason);
      agent.terminate();
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
  /** The open tunnels; this adds and removes them. */
  tunnels: Set<Tunnel>;
};

/** The handlers for `Bun.serve`. The `data` of each socket is its tunnel. */
export function callerHandlers({ maxMessageBytes, tunnels }: CallerOptions): WebSocketHandler<Tunnel> {
  const slowReaders = createSlowReaders();
  return {
    open(socket) {
      tunnels.add(socket.data);
      socket.data.opened(socket, slowReaders);
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
    // No limit that drops messages: the agent is paused as soon as one waits.
    backpressureLimit: 0,
    idleTimeout: IDLE_TIMEOUT_SECONDS,
    perMessageDeflate: false,
  };
}
