import { expect, test } from "bun:test";
import { once } from "node:events";
import { type IncomingMessage, get } from "node:http";
import { createServer } from "node:net";

import { systemClock } from "../../src/lib/clock.ts";
import { createHttpClient } from "../../src/proxy/http1/client.ts";
import { forwardRequest } from "../helpers/forward.ts";
import { answering, startRawServer } from "../helpers/raw-server.ts";

/** Bytes above which a body is streamed. */
const LARGE = 1024 * 1024;

/** A server that sends back what it gets, and a proxy in front of it that ends when `signal` aborts. */
function startProxy(signal: AbortSignal = new AbortController().signal) {
  const ended: string[] = [];
  const upstream = Bun.serve({
    port: 0,
    fetch: async (request) =>
      new Response(await request.arrayBuffer(), {
        headers: { "x-length": request.headers.get("content-length") ?? "none" },
      }),
  });
  const client = createHttpClient(systemClock);
  const proxy = Bun.serve({
    port: 0,
    async fetch(request) {
      return forwardRequest({
        request,
        signal,
        keptFor: upstream,
        client,
        origin: upstream.url.origin,
        target: "/",
        onDone: () => void ended.push("done"),
      }).catch((error: unknown) => new Response(String(error), { status: 504 }));
    },
  });
  return {
    ended,
    url: proxy.url.href,
    port: proxy.port ?? 0,
    async [Symbol.asyncDispose]() {
      await Promise.all([proxy.stop(true), upstream.stop(true)]);
      client.close();
    },
  };
}

test.each([
  ["no body", 0],
  ["a small body", 10],
  ["a large body", LARGE],
])("%s comes back unchanged, and its end is reported once", async (_, size) => {
  await using proxy = startProxy();
  const body = Buffer.alloc(size, "abcdefg");
  const response = await fetch(proxy.url, { method: "POST", body });
  expect(Buffer.from(await response.arrayBuffer()).equals(body)).toBe(true);
  expect(response.headers.get("x-length")).toBe(String(size));
  expect(proxy.ended).toEqual(["done"]);
});

test("a body without a length is streamed", async () => {
  await using proxy = startProxy();
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode("in parts"));
      controller.close();
    },
  });
  const response = await fetch(proxy.url, { method: "POST", body });
  expect(await response.text()).toBe("in parts");
});

test("a server that closes each connection after its answer, and does not say so, loses no request", async () => {
  let connections = 0;
  const upstream = createServer((socket) => {
    connections += 1;
    socket.once("data", () => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
      // Not before the next request is on its way.
      socket.once("data", () => socket.destroy());
    });
  });
  upstream.listen(0, "127.0.0.1");
  await once(upstream, "listening");
  const address = upstream.address();
  const port = typeof address === "object" ? address?.port : undefined;
  try {
    for (const _ of ["first", "second", "third"]) {
      const response = await forwardRequest({
        request: new Request("http://agent/", { method: "POST", body: "in" }),
        client: createHttpClient(systemClock),
        origin: `http://127.0.0.1:${port}`,
        target: "/",
        signal: new AbortController().signal,
        keptFor: undefined,
        onDone: () => undefined,
      });
      expect(await response.text()).toBe("ok");
    }
    expect(connections).toBe(3);
  } finally {
    upstream.close();
  }
});

test.each([
  ["with its type", "content-type: text/x-own\r\n", "text/x-own"],
  ["without one", "", undefined],
])("a short answer arrives %s, and with its length", async (_, header, type) => {
  await using upstream = await startRawServer(
    answering(`HTTP/1.1 200 OK\r\n${header}content-length: 2\r\n\r\nok`),
  );
  const client = createHttpClient(systemClock);
  await using proxy = Bun.serve({
    port: 0,
    fetch: (request) =>
      forwardRequest({
        client,
        request,
        origin: upstream.origin,
        target: "/",
        signal: request.signal,
        keptFor: upstream,
        onDone: () => undefined,
      }),
  });
  const { promise, resolve } = Promise.withResolvers<IncomingMessage>();
  get(proxy.url, resolve);
  const { headers } = await promise;
  expect({ type: headers["content-type"], length: headers["content-length"] }).toEqual({ type, length: "2" });
  client.close();
});
