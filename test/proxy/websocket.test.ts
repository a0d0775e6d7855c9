import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Server, ServerWebSocket } from "bun";

import { eventually } from "../helpers/eventually.ts";
import { MAX_MESSAGE, call, startRawAgent, startSocketProxy } from "../helpers/socket-proxy.ts";

type Session = { headers: Headers; url: string };

/** An agent that repeats every message, or does what the path says. */
let agent: Server<Session>;
let proxy: ReturnType<typeof startSocketProxy>;
/** The agent's side of the last socket, and how it ended. */
let agentSide: ServerWebSocket<Session>;
let agentClosed: PromiseWithResolvers<{ code: number; reason: string }>;

beforeAll(() => {
  agent = Bun.serve({
    port: 0,
    fetch(request, server) {
      const { pathname, search } = new URL(request.url);
      if (pathname === "/refused")
        return Response.json({ why: "not today" }, { status: 403, headers: { "x-a": "1" } });
      if (pathname === "/page") return new Response("a page, not a socket");
      if (pathname === "/empty") return new Response(null, { status: 204 });
      const headers = new Headers({ "x-agent": "1" });
      headers.append("set-cookie", "a=1");
      headers.append("set-cookie", "b=2");
      headers.set("sec-websocket-protocol", pathname === "/second" ? "second" : "");
      server.upgrade(request, { headers, data: { headers: request.headers, url: pathname + search } });
      return undefined;
    },
    websocket: {
      open(socket) {
        agentSide = socket;
        agentClosed = Promise.withResolvers();
        if (socket.data.url === "/greets") socket.send("at once");
      },
      message(socket, message) {
        if (message === "close") socket.close(4001, "said so");
        else if (message === "break off") socket.terminate();
        else if (message === "ping") socket.ping("are you there");
        else if (message === "who") socket.send(JSON.stringify(socket.data.headers));
        else socket.send(message);
      },
      pong: (socket, data) => void socket.send(`pong ${data.toString()}`),
      ping: (socket, data) => void socket.send(`ping ${data.toString()}`),
      backpressureLimit: 0,
      close: (_, code, reason) => agentClosed.resolve({ code, reason }),
    },
  });
  proxy = startSocketProxy(agent.url.href.replace("http", "ws").replace(/\/$/, ""));
});
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await agent.stop(true);
});

async function open(path = "", protocols: string[] = [], headers: Record<string, string> = {}) {
  const caller = call(proxy.url + path, protocols, { headers });
  await caller.opened;
  return caller;
}

/** A short text as an agent sends it, without a mask. */
const text = (message: string) => Buffer.from([0x81, message.length, ...Buffer.from(message)]);

describe("messages", () => {
  test.each([
    ["a text", "Grüße, 世界 🔑"],
    ["a text with a byte order mark and a NUL", "\uFEFF\0a"],
    ["an empty text", ""],
    ["bytes", Buffer.from([0, 255, 254, 128])],
    ["no bytes", Buffer.alloc(0)],
    ["the longest text", "x".repeat(MAX_MESSAGE)],
    ["the most bytes", Buffer.alloc(MAX_MESSAGE, 7)],
  ])("%s goes to the agent and comes back unchanged", async (_, message) => {
    using caller = await open();
    caller.socket.send(message);
    expect(await caller.next()).toEqual(message);
  });

  test("many keep their order", async () => {
    using caller = await open();
    const sent = Array.from({ length: 2_000 }, (_, number) => `${number} ${"x".repeat(number)}`);
    for (const message of sent) caller.socket.send(message);
    for (const message of sent) expect(await caller.next()).toBe(message);
  });

  test("one that the agent sends at once arrives", async () => {
    using caller = await open("greets");
    expect(await caller.next()).toBe("at once");
  });

  test("one that comes in the packet of the handshake arrives, and so do those after it", async () => {
    await using greeting = await startRawAgent((socket) => {
      socket.write(text("hi"));
      socket.on("data", () => socket.write(text("again")));
    });
    await using before = startSocketProxy(greeting.origin);
    using caller = call(before.url);
    expect(await caller.next()).toBe("hi");
    caller.socket.send("more");
    expect(await caller.next()).toBe("again");
  });
});

describe("the handshake", () => {
  test("passes on path, query and end-to-end headers", async () => {
    using caller = await open("a%20b/c?q=1&q=%2F", [], {
      cookie: "session=1",
      origin: "https://example.com",
      traceparent: "00-1-2-01",
      "x-request-id": "mine",
      "keep-alive": "timeout=5",
    });
    caller.socket.send("who");
    const headers = JSON.parse(String(await caller.next()));
    expect(headers).toMatchObject({
      cookie: "session=1",
      origin: "https://example.com",
      traceparent: "00-1-2-01",
      "x-request-id": "mine",
      host: new URL(proxy.url).host,
    });
    expect(headers).not.toHaveProperty("keep-alive");
    expect(headers).not.toHaveProperty("sec-websocket-extensions");
    expect(agentSide.data.url).toBe("/a%20b/c?q=1&q=%2F");
  });

  test("answers with the agent's headers", async () => {
    const caller = call(proxy.url);
    using _ = caller;
    const headers = Promise.withResolvers<Record<string, unknown>>();
    caller.socket.on("upgrade", (response) => headers.resolve(response.headers));
    expect(await headers.promise).toMatchObject({ "x-agent": "1", "set-cookie": ["a=1", "b=2"] });
  });

  test("answers with the subprotocol that the agent chose", async () => {
    using caller = await open("second", ["first", "second"]);
    expect(caller.socket.protocol).toBe("second");
    caller.socket.send("who");
    expect(JSON.parse(String(await caller.next()))["sec-websocket-protocol"]).toBe("first,second");
  });

  test("answers with no subprotocol when the agent chose none", async () => {
    // Over a plain socket, since the client libraries refuse what RFC 6455 allows.
    const answer = Promise.withResolvers<string>();
    const caller = await Bun.connect({
      hostname: "127.0.0.1",
      port: Number(new URL(proxy.url).port),
      socket: { data: (_, chunk) => answer.resolve(chunk.toString().toLowerCase()) },
    });
    caller.write(
      "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: first, second\r\n\r\n",
    );
    expect(await answer.promise).toStartWith("http/1.1 101 ");
    expect(await answer.promise).not.toContain("sec-websocket-protocol");
    caller.end();
  });

  test("ignores a proxy in the environment", async () => {
    process.env["HTTP_PROXY"] = process.env["http_proxy"] = "http://127.0.0.1:9";
    try {
      using caller = await open();
      caller.socket.send("direct");
      expect(await caller.next()).toBe("direct");
    } finally {
      delete process.env["HTTP_PROXY"];
      delete process.env["http_proxy"];
    }
  });
});

describe("an agent that does not accept", () => {
  test.each([
    ["refused", 403, '{"why":"not today"}'],
    ["page", 200, "a page, not a socket"],
    ["empty", 204, ""],
  ])("/%s: the caller gets its answer, status and body", async (path, status, body) => {
    using caller = call(proxy.url + path);
    const response = await caller.refused;
    expect(response.statusCode).toBe(status);
    expect(Buffer.concat(await Array.fromAsync(response)).toString()).toBe(body);
    if (path === "refused")
      expect(response.headers).toMatchObject({
        "content-type": "application/json;charset=utf-8",
        "x-a": "1",
      });
  });

  test("is not there: the error says so", async () => {
    const gone = await startRawAgent(() => undefined);
    await gone[Symbol.asyncDispose]();
    await using before = startSocketProxy(gone.origin);
    using caller = call(before.url);
    expect((await caller.refused).statusCode).toBe(502);
    expect(before.errors).toMatchObject([{ code: "ECONNREFUSED" }]);
  });

  test("chooses a subprotocol that was not offered: the error says so", async () => {
    await using choosing = await startRawAgent(() => undefined, "Sec-WebSocket-Protocol: other\r\n");
    await using before = startSocketProxy(choosing.origin);
    using caller = call(before.url, ["first"]);
    expect((await caller.refused).statusCode).toBe(502);
    expect(before.errors).toMatchObject([
      { message: "The agent's WebSocket handshake is not valid: Server sent an invalid subprotocol." },
    ]);
  });

  test("does not answer in time: the error is the timeout", async () => {
    const deadline = new AbortController();
    const reached = Promise.withResolvers<void>();
    const silent = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: () => reached.resolve(), close: () => undefined },
    });
    await using before = startSocketProxy(`ws://127.0.0.1:${silent.port}`, deadline.signal);
    using caller = call(before.url);
    await reached.promise;
    deadline.abort(new Error("its time is over"));
    expect((await caller.refused).statusCode).toBe(502);
    expect(before.errors).toEqual([new Error("its time is over")]);
    silent.stop(true);
  });
});

describe("a close", () => {
  test.each([
    [1000, "done"],
    [4321, "own code"],
  ])("of the caller with %d reaches the agent", async (code, reason) => {
    using caller = await open();
    caller.socket.close(code, reason);
    expect(await agentClosed.promise).toEqual({ code, reason });
    expect(await proxy.ends.at(-1)).toEqual({ by: "caller", code });
  });

  test("of the caller without a code reaches the agent", async () => {
    using caller = await open();
    caller.socket.close();
    expect(await agentClosed.promise).toEqual({ code: 1005, reason: "" });
  });

  test("of the agent reaches the caller with code and reason", async () => {
    using caller = await open();
    caller.socket.send("close");
    expect(await caller.closed).toEqual({ code: 4001, reason: "said so" });
    expect(await proxy.ends.at(-1)).toEqual({ by: "agent", code: 4001 });
  });

  test("a caller who vanishes is gone for the agent too", async () => {
    using caller = await open();
    caller.socket.terminate();
    expect((await agentClosed.promise).code).toBe(1006);
    expect(await proxy.ends.at(-1)).toEqual({ by: "caller", code: 1006 });
  });

  test("an agent that leaves without a close frame gives an internal error with the cause", async () => {
    using caller = await open();
    caller.socket.send("break off");
    expect(await caller.closed).toEqual({ code: 1011, reason: "The agent is gone." });
  });

  test("an agent that breaks the protocol gives an error that says so", async () => {
    await using broken = await startRawAgent((socket) => socket.write(Buffer.from([0xf2, 1, 0x41])));
    await using before = startSocketProxy(broken.origin);
    using caller = call(before.url);
    const { code, reason } = await caller.closed;
    expect(code).toBe(1011);
    expect(reason).toStartWith("The agent broke the protocol: ");
  });

  test("by the runner gives the caller the code, and the agent sees its caller go away", async () => {
    using caller = await open();
    for (const tunnel of proxy.tunnels) tunnel.end(1012, "later");
    expect(await caller.closed).toEqual({ code: 1012, reason: "later" });
    expect(await agentClosed.promise).toEqual({ code: 1001, reason: "later" });
    expect(proxy.tunnels.size).toBe(0);
  });
});

describe("a message over the limit", () => {
  test("from the caller closes with 1009", async () => {
    using caller = await open();
    caller.socket.send("x".repeat(MAX_MESSAGE + 1));
    expect((await caller.closed).code).toBe(1009);
    expect((await agentClosed.promise).code).toBe(1006);
  });

  test("from the agent closes with 1009 and names the limit", async () => {
    using caller = await open();
    agentSide.send("x".repeat(MAX_MESSAGE + 1));
    expect(await caller.closed).toEqual({
      code: 1009,
      reason: `The agent sent a message of more than ${MAX_MESSAGE} bytes.`,
    });
    expect((await agentClosed.promise).code).toBe(1009);
  });
});

describe("pings", () => {
  test("of the agent are answered by its caller", async () => {
    using caller = await open();
    const pinged = Promise.withResolvers<string>();
    caller.socket.on("ping", (data) => pinged.resolve(data.toString()));
    caller.socket.send("ping");
    expect(await pinged.promise).toBe("are you there");
    expect(await caller.next()).toBe("pong are you there");
  });

  test("of the caller are answered, and reach the agent", async () => {
    using caller = await open();
    const answered = Promise.withResolvers<string>();
    caller.socket.on("pong", (data) => answered.resolve(data.toString()));
    caller.socket.ping("hello");
    expect(await answered.promise).toBe("hello");
    expect(await caller.next()).toBe("ping hello");
  });
});

describe("a side that reads slowly stops the other", () => {
  const CHUNK = 64 * 1024;
  const CHUNKS = 1024;
  /**
   * The most of 64 MiB that the buffers of three processes and two connections may hold. The proxy itself holds 1 MiB.
   */
  const MOST_ON_THE_WAY = 24 * 1024 * 1024;

  test("the caller, the agent", async () => {
    using caller = await open();
    caller.socket.pause();
    for (let number = 0; number < CHUNKS; number += 1) agentSide.send(Buffer.alloc(CHUNK, number));
    const waiting = await settled(() => agentSide.getBufferedAmount());
    expect(CHUNKS * CHUNK - waiting).toBeLessThan(MOST_ON_THE_WAY);
    caller.socket.resume();
    for (let number = 0; number < CHUNKS; number += 1)
      expect(await caller.next()).toEqual(Buffer.alloc(CHUNK, number));
  });

  test("the agent, the caller", async () => {
    using caller = await open();
    agentSide.pause();
    for (let number = 0; number < CHUNKS; number += 1) caller.socket.send(Buffer.alloc(CHUNK, number));
    const waiting = await settled(() => caller.socket.bufferedAmount);
    expect(CHUNKS * CHUNK - waiting).toBeLessThan(MOST_ON_THE_WAY);
    agentSide.resume();
    for (let number = 0; number < CHUNKS; number += 1)
      expect(await caller.next()).toEqual(Buffer.alloc(CHUNK, number));
  });
});

/** The value of `read` when it no longer changes. */
function settled(read: () => number): Promise<number> {
  let before = Number.NaN;
  return eventually(() => {
    const now = read();
    const isSettled = now === before;
    before = now;
    if (!isSettled) throw new Error(`still at ${now}`);
    return now;
  });
}
