import { describe, expect, test } from "bun:test";

import { systemClock } from "../../../src/lib/clock.ts";
import { createHttpClient } from "../../../src/proxy/http1/client.ts";
import { isUnreached } from "../../../src/proxy/reach.ts";
import { eventually } from "../../helpers/eventually.ts";
import { createFakeClock } from "../../helpers/fake-clock.ts";
import { answering, startRawServer } from "../../helpers/raw-server.ts";
import { forwardRequest } from "../../helpers/forward.ts";

const OK = "HTTP/1.1 200 OK\r\n";
const SHORT = `${OK}content-length: 2\r\n\r\nok`;
const never = new AbortController().signal;

type Sent = {
  origin: string;
  init?: RequestInit;
  signal?: AbortSignal;
  keptFor?: object | undefined;
  target?: string;
};

/** The server that connections are kept for, unless a test says otherwise. */
const SERVER = {};

function caller(client = createHttpClient(systemClock)) {
  const send = ({ origin, init = {}, signal = never, target = "/", ...sent }: Sent) =>
    forwardRequest({
      client,
      request: new Request("http://agent/", init),
      origin,
      target,
      signal,
      keptFor: "keptFor" in sent ? sent.keptFor : SERVER,
      onDone: () => undefined,
    });
  return { client, send, [Symbol.dispose]: () => client.close() };
}

/** A server that closes each connection at its second request. */
const serveOnce = () =>
  startRawServer((socket) => {
    socket.once("data", () => {
      socket.write(SHORT);
      socket.once("data", () => socket.destroy());
    });
  });

describe("what the agent's server gets", () => {
  test("is the method, the target as it was written, the caller's headers and no others, and the body", async () => {
    const received: string[] = [];
    await using server = await startRawServer((socket) => {
      socket.on("data", (bytes) => {
        received.push(bytes.toString());
        socket.write(SHORT);
      });
    });
    using calls = caller();
    const headers = {
      "X-One": "1",
      connection: "x-two",
      "x-two": "2",
      "keep-alive": "5",
      expect: "100-continue",
    };
    const init = { method: "PUT", headers: { ...headers, "content-length": "4" }, body: "body" };
    await calls.send({ origin: server.origin, init, target: "//a/'%20\"?q='\"" });
    const [head = "", body] = received.join("").split("\r\n\r\n");
    expect(head.split("\r\n").filter((line) => !line.startsWith("content-type"))).toEqual([
      "PUT //a/'%20\"?q='\" HTTP/1.1",
      "x-one: 1",
      "content-length: 4",
    ]);
    expect(body).toBe("body");
  });

  test.each([
    ["of known length", 300_000],
    ["in chunks", undefined],
  ])("is a long body %s, whole, though it reads slowly", async (_, length) => {
    const total = 300_000;
    const digest = Promise.withResolvers<number>();
    let bytes = 0;
    let isChunked = false;
    await using server = await startRawServer((socket) => {
      socket.on("data", (piece) => {
        const text = piece.toString("latin1");
        isChunked ||= text.includes("transfer-encoding: chunked");
        bytes += text.split("x").length - 1;
        socket.pause();
        setImmediate(() => socket.resume());
        if (bytes < total) return;
        digest.resolve(bytes);
        socket.write(SHORT);
      });
    });
    using calls = caller();
    let left = total;
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(Buffer.alloc(Math.min(left, 10_000), "x"));
        left -= 10_000;
        if (left <= 0) controller.close();
      },
    });
    const headers: Record<string, string> = length === undefined ? {} : { "content-length": String(length) };
    const response = await calls.send({ origin: server.origin, init: { method: "POST", headers, body } });
    expect(await response.text()).toBe("ok");
    expect({ bytes: await digest.promise, isChunked }).toEqual({
      bytes: total,
      isChunked: length === undefined,
    });
    expect(calls.client.idle()).toBe(1);
  });
});

describe("connections", () => {
  test("are used again, and those that the caller must not share are not", async () => {
    await using server = await startRawServer(answering(SHORT));
    using calls = caller();
    for (const _ of [1, 2, 3]) await calls.send({ origin: server.origin });
    expect(server.connections()).toBe(1);
    for (const _ of [1, 2]) await calls.send({ origin: server.origin, keptFor: undefined });
    expect(server.connections()).toBe(3);
    await eventually(() => expect(server.open()).toBe(1));
  });

  test("are never used for the next server at the same address", async () => {
    await using server = await startRawServer(answering(SHORT));
    using calls = caller();
    for (const next of [{}, {}]) await calls.send({ origin: server.origin, keptFor: next });
    expect(server.connections()).toBe(2);
  });

  test("that nobody uses for a minute are closed", async () => {
    await using server = await startRawServer(answering(SHORT));
    const clock = createFakeClock();
    using calls = caller(createHttpClient(clock));
    await calls.send({ origin: server.origin });
    await clock.advance(59_999);
    expect(calls.client.idle()).toBe(1);
    await clock.advance(60_001);
    expect({ idle: calls.client.idle(), timers: clock.pending() }).toEqual({ idle: 0, timers: 0 });
    await eventually(() => expect(server.open()).toBe(0));
  });

  test("that the server closed as the request came are replaced for GET, and not for POST", async () => {
    await using forGet = await serveOnce();
    using calls = caller();
    for (const _ of [1, 2, 3]) expect((await calls.send({ origin: forGet.origin })).status).toBe(200);
    expect(forGet.connections()).toBe(3);

    await using forPost = await serveOnce();
    const post = { origin: forPost.origin, keptFor: {}, init: { method: "POST", body: "in" } };
    await calls.send(post);
    const error = await calls.send(post).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: "ECONNRESET" });
    expect(isUnreached(error)).toBe(false);
    expect(forPost.connections()).toBe(1);
  });

  test("that nobody takes say that the request did not reach the agent", async () => {
    const server = await startRawServer(() => undefined);
    await server[Symbol.asyncDispose]();
    using calls = caller();
    const error = await calls.send({ origin: server.origin }).catch((cause: unknown) => cause);
    expect(isUnreached(error)).toBe(true);
  });

  test("that were still being made when the exchange was ended carried nothing", async () => {
    await using server = await startRawServer(answering(SHORT));
    using calls = caller();
    const ending = new AbortController();
    const answer = calls.send({ origin: server.origin, signal: ending.signal });
    // The event loop makes no connection before the microtasks are done.
    for (const _ of Array(20)) await Promise.resolve();
    ending.abort(new Error("ended"));
    const error = await answer.catch((cause: unknown) => cause);
    expect(error).toMatchObject({ cause: new Error("ended") });
    expect(isUnreached(error)).toBe(true);
  });

  test("end when the caller has left, before the answer and in it", async () => {
    for (const bytes of ["", `${OK}content-length: 100000\r\n\r\nhalf`]) {
      await using server = await startRawServer(answering(bytes));
      using calls = caller();
      const leaving = new AbortController();
      const answer = calls
        .send({ origin: server.origin, signal: leaving.signal })
        .then((response) => response.text());
      const outcome = answer.then(
        () => "whole",
        (cause: unknown) => (cause instanceof Error ? cause.message : ""),
      );
      await eventually(() => expect(server.open()).toBe(1));
      leaving.abort(new Error("left"));
      expect(await outcome).toBe("left");
      await eventually(() => expect(server.open()).toBe(0));
    }
  });
});

test("a reader that does not read makes the agent wait, in a bounded buffer", async () => {
  let written = 0;
  let isFull = false;
  await using server = await startRawServer((socket) => {
    const piece = Buffer.alloc(64 * 1024, "x");
    const write = () => {
      while (written < 64 * 1024 * 1024) {
        written += piece.length;
        if (!socket.write(piece)) {
          isFull = true;
          socket.once("drain", write);
          return;
        }
      }
    };
    socket.once("data", () => {
      socket.write(`${OK}content-length: ${64 * 1024 * 1024}\r\n\r\n`);
      write();
    });
  });
  using calls = caller();
  const response = await calls.send({ origin: server.origin });
  let before = -1;
  await eventually(() => {
    const isStill = before === written;
    before = written;
    expect({ isFull, isStill }).toEqual({ isFull: true, isStill: true });
  });
  expect(written).toBeLessThan(16 * 1024 * 1024);
  let read = 0;
  for await (const piece of response.body ?? []) read += piece.length;
  expect(read).toBe(64 * 1024 * 1024);
});
