import { once } from "node:events";
import { type Socket, connect, createServer } from "node:net";

import { agentIn, instanceOf, versionRecord } from "./records.ts";
import { startServer } from "./server.ts";

/** Names by which tests call it. */
const HOSTS = "runner, a, a_b.example, xn--bcher-kva.example";

/** A runner in front of an http agent, `echo`, whose server keeps what it gets byte by byte. */
export async function startRawAgent(env: Record<string, string> = {}) {
  const upstream = await startRawServer();
  const version = versionRecord(1);
  const entrypoint = { ...version.entrypoint, type: "http" as const };
  const instance = instanceOf({ ...version, entrypoint }, { origin: upstream.origin });
  const server = await startServer(agentIn("running", { instance }), { OKEN_ALLOWED_HOSTS: HOSTS, ...env });
  return {
    port: server.port,
    requests: upstream.requests,
    send: (...parts: string[]) => sendRaw(server.port, ...parts),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

/** Sends bytes as they are, and gives what came back until the server closed. */
export async function sendRaw(port: number, ...parts: string[]): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let answer = "";
  const closed = Promise.withResolvers<void>();
  socket.on("data", (data: Buffer) => (answer += data.toString("latin1")));
  // A server that answers before it has read everything may reset the connection.
  socket.on("error", () => undefined);
  socket.on("close", () => closed.resolve());
  for (const part of parts) socket.write(Buffer.from(part, "latin1"));
  await closed.promise;
  return answer;
}

type RawRequest = { line: string; headers: string[]; body: string };

/** A server that keeps each request as it came over the wire, and answers `ok`. */
async function startRawServer() {
  const requests: RawRequest[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    let text = "";
    socket.on("data", (data: Buffer) => {
      text += data.toString("latin1");
      for (let taken = takeRequest(text); taken !== undefined; taken = takeRequest(text)) {
        text = taken.rest;
        requests.push(taken.request);
        const isHead = taken.request.line.startsWith("HEAD ");
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n${isHead ? "" : "ok"}`);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    origin: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`,
    requests,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** The first whole request of the text, and what follows it. */
function takeRequest(text: string): { request: RawRequest; rest: string } | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end === -1) return undefined;
  const [line = "", ...headers] = text.slice(0, end).split("\r\n");
  const rest = text.slice(end + 4);
  const bodyBytes = bodyLength(headers.join("\n"), rest);
  if (rest.length < bodyBytes) return undefined;
  return { request: { line, headers, body: rest.slice(0, bodyBytes) }, rest: rest.slice(bodyBytes) };
}

function bodyLength(headers: string, rest: string): number {
  const length = /^content-length: *(\d+)$/im.exec(headers)?.[1];
  if (length !== undefined) return Number(length);
  if (!/^transfer-encoding: *chunked$/im.test(headers)) return 0;
  const last = /(^|\r\n)0\r\n\r\n/.exec(rest);
  return last === null ? Number.POSITIVE_INFINITY : last.index + last[0].length;
}
