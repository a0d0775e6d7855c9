import { once } from "node:events";
import { type Socket, createServer } from "node:net";

/** A server that speaks bytes, on a port of its own. `serve` has each connection. */
export async function startRawServer(serve: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    serve(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return {
    origin: `http://127.0.0.1:${address.port}`,
    /** Connections so far. */
    connections: () => connections,
    /** Connections that are open. */
    open: () => sockets.size,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Answers every request, which comes in one piece, with these bytes. */
export function answering(bytes: string | Buffer, { close = false } = {}) {
  return (socket: Socket) => {
    socket.on("data", () => {
      socket.write(bytes);
      if (close) socket.end();
    });
  };
}
