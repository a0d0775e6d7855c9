import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { type Socket, createServer } from "node:net";
import { type ClientOptions, WebSocket } from "ws";

import { ABNORMAL, type Tunnel, type TunnelEnd, callerHandlers } from "../../src/proxy/tunnel.ts";
import { connect } from "../../src/proxy/websocket.ts";

/** Largest message either way through the proxies here, bytes. */
export const MAX_MESSAGE = 256 * 1024;

/** The proxy alone, without agents and slots. `ends` has what became of each WebSocket, in the order they opened. */
export function startSocketProxy(origin: string, signal?: AbortSignal) {
  const ends: Promise<TunnelEnd>[] = [];
  const errors: unknown[] = [];
  const tunnels = new Set<Tunnel>();
  const server = Bun.serve({
    port: 0,
    async fetch(request, bunServer) {
      const { pathname, search } = new URL(request.url);
      try {
        const answer = await connect({
          url: `${origin}${pathname}${search}`,
          headers: request.headers,
          signal: signal ?? request.signal,
          maxMessageBytes: MAX_MESSAGE,
          explain: async () => "The agent is gone.",
        });
        if (answer instanceof Response) return answer;
        const { tunnel, headers } = answer;
        ends.push(tunnel.ended);
        if (!bunServer.upgrade(request, { headers, data: tunnel })) tunnel.closed(ABNORMAL, "");
        return undefined;
      } catch (error) {
        errors.push(error);
        return new Response(String(error), { status: 502 });
      }
    },
    websocket: callerHandlers({ maxMessageBytes: MAX_MESSAGE, tunnels }),
  });
  return {
    url: server.url.href.replace("http", "ws"),
    ends,
    errors,
    tunnels,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

/** An agent that speaks bytes: `speak` gets the connection after the handshake was accepted. */
export async function startRawAgent(speak: (socket: Socket) => void, extraHeaders = "") {
  const connections: Socket[] = [];
  const server = createServer((socket) => {
    connections.push(socket);
    socket.on("error", () => undefined);
    socket.once("data", (head) => {
      const key = /sec-websocket-key: (\S+)/i.exec(head.toString())?.[1] ?? "";
      const accept = Bun.SHA1.hash(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`, "base64");
      // What is said at once goes out in one piece with the handshake.
      socket.cork();
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${extraHeaders}` +
          `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      speak(socket);
      socket.uncork();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    origin: `ws://127.0.0.1:${typeof address === "object" ? address?.port : ""}`,
    connections,
    async [Symbol.asyncDispose]() {
      for (const socket of connections) socket.destroy();
      server.close();
    },
  };
}

export type Close = { code: number; reason: string };

/** A caller whose messages, close and refusal can be waited for. */
export function call(url: string, protocols: string[] = [], options: ClientOptions = {}) {
  const socket = new WebSocket(url, protocols, options);
  const opened = Promise.withResolvers<void>();
  const refused = Promise.withResolvers<IncomingMessage>();
  const closed = Promise.withResolvers<Close>();
  const messages: (string | Buffer)[] = [];
  let arrived = Promise.withResolvers<void>();
  socket.on("open", opened.resolve);
  socket.on("unexpected-response", (_, response) => refused.resolve(response));
  socket.on("error", () => undefined);
  socket.on("close", (code, reason) => closed.resolve({ code, reason: reason.toString() }));
  socket.on("message", (data: Buffer, isBinary: boolean) => {
    messages.push(isBinary ? data : data.toString());
    arrived.resolve();
    arrived = Promise.withResolvers();
  });
  return {
    socket,
    opened: opened.promise,
    refused: refused.promise,
    closed: closed.promise,
    /** The next message; throws when the socket was refused, or has closed before it came. */
    async next(): Promise<string | Buffer> {
      while (messages.length === 0) {
        const end = await Promise.race([arrived.promise, closed.promise, refused.promise]);
        if (end !== undefined && messages.length === 0) throw new Error(`no message: ${await describe(end)}`);
      }
      return messages.shift() ?? "";
    },
    [Symbol.dispose]: () => socket.terminate(),
  };
}

async function describe(end: Close | IncomingMessage): Promise<string> {
  if ("reason" in end) return `closed with ${end.code} ${end.reason}`;
  const body = Buffer.concat(await Array.fromAsync(end)).toString();
  return `refused with ${end.statusCode} ${body}`;
}
