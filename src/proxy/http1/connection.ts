import type { Socket, SocketHandler } from "bun";

import { SpentMemory } from "../../lib/spent-memory.ts";
import { type AnswerListener, AnswerReader } from "./answer.ts";
import type { AnswerHead } from "./head.ts";
import { type OutgoingBody, type OutgoingRequest, bodyEnd, bodyPiece, requestBytes } from "./request.ts";

/** Hears of the answer, and after each piece that came from the network. */
export type ExchangeListener = AnswerListener & { flush(): void };

export type Exchange = {
  request: OutgoingRequest;
  listener: ExchangeListener;
};

/** The exchange that a connection has. */
class Active implements AnswerListener {
  readonly listener: ExchangeListener;
  readonly reader: AnswerReader;
  readonly settled = Promise.withResolvers<void>();
  isSent: boolean;

  constructor({ request, listener }: Exchange) {
    this.listener = listener;
    this.reader = new AnswerReader(request.method, this);
    this.isSent = request.body.kind !== "stream";
  }

  head(head: AnswerHead): void {
    this.listener.head(head);
  }

  data(bytes: Buffer): void {
    this.listener.data(bytes);
  }

  end(): void {
    this.listener.end();
    this.settled.resolve();
  }
}

/** A connection to an agent's server, with one exchange at a time. */
export class Connection {
  /** When it became idle, monotonic milliseconds. */
  idleSince = 0;
  #socket: Socket<Connection> | undefined;
  #active: Active | undefined;
  #unsent: Uint8Array[] = [];
  #drained: (() => void) | undefined;

  /** Resolves when the socket is open. Rejects with the system's error. */
  async open({ hostname, port }: { hostname: string; port: number }): Promise<void> {
    this.#socket = await Bun.connect<Connection>({ hostname, port, socket: HANDLERS, data: this });
    this.#socket.setNoDelay(true);
  }

  get isOpen(): boolean {
    return this.#socket !== undefined && this.#socket.readyState > 0;
  }

  /**
   * Sends the request and tells the listener of the answer. Resolves at its end, with whether the connection can take
   * another exchange. Rejects with BrokenAnswerError, the reason of `destroy`, or what the request's body failed with.
   */
  async exchange({ request, listener }: Exchange): Promise<{ isReusable: boolean }> {
    const active = new Active({ request, listener });
    this.#active = active;
    if (!this.isOpen) this.closed();
    this.#write(requestBytes(request));
    if (request.body.kind === "stream") void this.#sendBody(request.body, active);
    try {
      await active.settled.promise;
      return { isReusable: active.isSent && active.reader.isReusable && this.isOpen };
    } finally {
      this.#active = undefined;
    }
  }

  /** Stops reading: the other side's writes then wait. */
  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** Closes at once. An exchange under way rejects with `reason`. */
  destroy(reason?: unknown): void {
    this.#active?.settled.reject(reason);
    this.#active = undefined;
    this.#socket?.terminate();
    this.#drained?.();
  }

  receive(bytes: Buffer): void {
    const active = this.#active;
    // Nobody asked: what an idle connection says belongs to no request.
    if (active === undefined) return this.destroy();
    try {
      active.reader.read(bytes);
      active.listener.flush();
    } catch (error) {
      this.destroy(error);
    }
    return undefined;
  }

  closed(): void {
    const active = this.#active;
    if (active === undefined) return;
    try {
      active.reader.close();
      active.listener.flush();
    } catch (error) {
      this.destroy(error);
    }
    this.#drained?.();
  }

  writable(): void {
    for (let piece = this.#unsent.shift(); piece !== undefined; piece = this.#unsent.shift()) {
      const sent = this.#socket?.write(piece) ?? 0;
      if (sent < piece.length) {
        this.#unsent.unshift(piece.subarray(Math.max(0, sent)));
        return;
      }
    }
    this.#drained?.();
  }

  #write(piece: Uint8Array): void {
    this.#unsent.push(piece);
    if (this.#unsent.length === 1) this.writable();
  }

  /** A piece at a time, no faster than the agent reads. Ends with the answer: some come before all is sent. */
  async #sendBody(body: OutgoingBody & { kind: "stream" }, active: Active): Promise<void> {
    const reader = body.stream.getReader();
    const spent = new SpentMemory();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (this.#active !== active) break;
        if (done) this.#write(bodyEnd(body));
        else for (const part of bodyPiece(body, value)) this.#write(part);
        spent.add(value?.length ?? 0);
        if (this.#unsent.length > 0) await new Promise<void>((resolve) => (this.#drained = resolve));
        this.#drained = undefined;
        if (done) {
          active.isSent = true;
          return;
        }
      }
      await reader.cancel();
    } catch (error) {
      if (this.#active === active) this.destroy(error);
    }
  }
}

const HANDLERS: SocketHandler<Connection> = {
  data: (socket, bytes) => socket.data.receive(bytes),
  drain: (socket) => socket.data.writable(),
  close: (socket) => socket.data.closed(),
  error: (socket) => socket.data.closed(),
};
