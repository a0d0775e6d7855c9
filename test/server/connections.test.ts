import { describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { once } from "node:events";

import { openAnswer, whenMade } from "../../src/server/open-answer.ts";
import { endUnread } from "../../src/server/listening/tcp-options.ts";
import { eventually } from "../helpers/eventually.ts";
import { startRawAgent } from "../helpers/raw-http.ts";
import { startRawServer } from "../helpers/raw-server.ts";
import { agentIn, instanceOf, versionRecord } from "../helpers/records.ts";
import { startServer } from "../helpers/server.ts";

test("callers that are slow with their bodies hold none of the agent's slots", async () => {
  await using agent = await startRawAgent();
  const sockets = await Promise.all(
    Array.from({ length: 30 }, async () => {
      const socket = connect(agent.port, "127.0.0.1");
      socket.on("error", () => undefined);
      await once(socket, "connect");
      socket.write("POST /invoke/echo/slow HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{");
      return socket;
    }),
  );
  const normal =
    "POST /invoke/echo/normal HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}";
  expect(await agent.send(normal)).toEndWith("ok");
  expect(agent.requests.map(({ line }) => line)).toEqual(["POST /normal HTTP/1.1"]);
  for (const socket of sockets) socket.destroy();
});

test("an answer that is made at once leaves its connection to the limit for idle ones", () => {
  const happened: string[] = [];
  whenMade(new Request("http://localhost"), () => void happened.push("whole"));
  const request = new Request("http://localhost");
  const answer = openAnswer(request);
  whenMade(request, () => void happened.push("stream"));
  expect(happened).toEqual(["whole"]);
  answer.end();
  expect(happened).toEqual(["whole", "stream"]);
  const early = new Request("http://localhost");
  openAnswer(early).end();
  whenMade(early, () => void happened.push("early"));
  expect(happened).toEqual(["whole", "stream", "early"]);
});

test.if(process.platform === "linux")("the kernel ends connections whose callers do not read", async () => {
  const aborted = Promise.withResolvers<void>();
  using server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    fetch(request) {
      request.signal.addEventListener("abort", () => aborted.resolve());
      return new Response(new Uint8Array(32 * 1024 * 1024));
    },
  });
  expect(await endUnread(server.port ?? 0, { unreadMs: 500 })).toBe(1);
  const socket = connect(server.port ?? 0, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.pause();
  socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await aborted.promise;
  await eventually(() => expect(server.pendingRequests).toBe(0));
  socket.destroy();
});

test("a port that nobody listens on has no sockets", async () => {
  expect(await endUnread(1)).toBe(0);
});

describe("of a caller who leaves nothing is held", () => {
  const HEAD = "POST /invoke/echo/x HTTP/1.1\r\nHost: localhost\r\n";
  test.each([
    ["before its head is whole", `${HEAD}X-Half: `],
    ["before its body came", `${HEAD}Content-Length: 100\r\n\r\n`],
    ["within its body", `${HEAD}Content-Length: 100\r\n\r\n{`],
    ["within a large body", `${HEAD}Content-Length: 9000000\r\n\r\n${"x".repeat(70_000)}`],
    ["within a body in chunks", `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`],
    ["while the agent works", `${HEAD}Content-Length: 0\r\n\r\n`],
  ])("%s", async (_, bytes) => {
    await using upstream = await startRawServer(() => undefined);
    const version = versionRecord(1);
    const entrypoint = { ...version.entrypoint, type: "http" as const };
    const instance = instanceOf({ ...version, entrypoint }, { origin: upstream.origin });
    await using server = await startServer(agentIn("running", { instance }));
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => undefined);
    await once(socket, "connect");
    socket.write(bytes);
    const isSeen = () => expect(instance.inFlight + server.pendingRequests()).toBeGreaterThan(0);
    if (!bytes.endsWith(": ")) await eventually(isSeen, 5_000);
    socket.destroy();
    await eventually(() =>
      expect([instance.inFlight, server.pendingRequests(), upstream.open()]).toEqual([0, 0, 0]),
    );
    expect(server.lines.filter(({ level }) => level === "error")).toEqual([]);
  });
});
