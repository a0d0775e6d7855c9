import { describe, expect, test } from "bun:test";

import { systemClock } from "../../../src/lib/clock.ts";
import { connectionError } from "../../../src/proxy/connection-error.ts";
import { createHttpClient } from "../../../src/proxy/http1/client.ts";
import { answering, startRawServer } from "../../helpers/raw-server.ts";
import { forwardRequest } from "../../helpers/forward.ts";

const OK = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`;

type Sent = { bytes: string; close?: boolean; method?: string };

/** What comes of one request to a server that answers with `bytes`; and how many connections a second one finds. */
async function ask({ bytes, close = false, method = "POST" }: Sent) {
  await using server = await startRawServer(answering(bytes, { close }));
  const client = createHttpClient(systemClock);
  let ends = 0;
  const send = () =>
    forwardRequest({
      client,
      request: new Request("http://agent/", method === "POST" ? { method, body: "in" } : { method }),
      origin: server.origin,
      target: "/",
      signal: AbortSignal.timeout(5_000),
      keptFor: server,
      onDone: () => void (ends += 1),
    });
  try {
    const response = await send();
    const { status } = response;
    const text = await response.text();
    // It becomes idle a moment after its answer.
    await Bun.sleep(0);
    const isKept = client.idle() === 1;
    return { status, text, headers: response.headers, isKept, ends };
  } finally {
    client.close();
  }
}

async function failure(sent: Sent): Promise<string> {
  const error = await ask(sent).then(
    ({ text }) => new Error(`it was taken as an answer: ${text}`),
    (cause: unknown) => cause,
  );
  return connectionError("echo", error).message;
}

describe("an answer that is not HTTP is refused, and says why", () => {
  test.each([
    ["no status line", "hello\r\n\r\n", "no valid status line"],
    ["HTTP/0.9", "<html>\r\n\r\n", "no valid status line"],
    ["a version of its own", "HTTP/3.1 200 OK\r\n\r\n", "no valid status line"],
    ["a status of two digits", "HTTP/1.1 20 OK\r\n\r\n", "no valid status line"],
    ["a status beyond HTTP", "HTTP/1.1 600 Odd\r\ncontent-length: 0\r\n\r\n", "the status 600"],
    ["a status of none", "HTTP/1.1 000 Odd\r\ncontent-length: 0\r\n\r\n", "no valid status line"],
    ["a folded header", `${OK}a: b\r\n c\r\n\r\n`, "a header that is not valid"],
    ["a header without a colon", `${OK}content-length\r\n\r\n`, "a header that is not valid"],
    ["a header without a name", `${OK}: 1\r\n\r\n`, "a header that is not valid"],
    ["a space before the colon", `${OK}content-length : 2\r\n\r\nok`, "a header that is not valid"],
    ["a NUL in a header", `${OK}a: b\0c\r\n\r\n`, "a header that is not valid"],
    ["a line break of its own", `${OK}a: b\nset-cookie: c\r\n\r\n`, "a header that is not valid"],
    [
      "two lengths",
      `${OK}content-length: 2\r\ncontent-length: 3\r\n\r\nok`,
      "a Content-Length that is not valid",
    ],
    ["a negative length", `${OK}content-length: -1\r\n\r\n`, "a Content-Length that is not valid"],
    ["a length in hexadecimal", `${OK}content-length: 0x2\r\n\r\nok`, "a Content-Length that is not valid"],
    [
      "a length and chunks",
      `${OK}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      "two lengths",
    ],
    ["headers without end", `${OK}${"a: b\r\n".repeat(20_000)}`, "too many headers"],
    [
      "more headers than anybody needs",
      `${OK}${Array.from({ length: 201 }, (_, at) => `x-${at}: 1\r\n`).join("")}content-length: 0\r\n\r\n`,
      "too many headers",
    ],
    [
      "interim answers without end",
      "HTTP/1.1 102 Processing\r\n\r\n".repeat(30_000),
      "too many interim answers",
    ],
    [
      "a protocol that nobody asked for",
      "HTTP/1.1 101 Switching Protocols\r\n\r\n",
      "switched protocols unasked",
    ],
  ])("%s", async (_, bytes, why) => {
    const message = await failure({ bytes });
    expect(message).toStartWith("Agent echo gave an answer that is not HTTP: ");
    expect(message).toContain(why);
  });
});

describe("an answer that breaks off never ends as if it were whole", () => {
  test.each([
    ["before the first byte", "", "closed the connection before it answered"],
    ["in its head", "HTTP/1.1 200 O", "closed the connection before it answered"],
    ["in a small body", `${OK}content-length: 10\r\n\r\nhalf`, "closed the connection before it answered"],
    [
      "in a large body",
      `${OK}content-length: 100000\r\n\r\nhalf`,
      "closed the connection before it answered",
    ],
    ["in a chunk", `${CHUNKED}a\r\nhalf`, "closed the connection before it answered"],
    ["between chunks", `${CHUNKED}4\r\nhalf\r\n`, "closed the connection before it answered"],
    ["before its trailers end", `${CHUNKED}0\r\na: b\r\n`, "closed the connection before it answered"],
    ["with a chunk that lies", `${CHUNKED}2\r\nabc\r\n0\r\n\r\n`, "longer than its size"],
    ["with a chunk size that is none", `${CHUNKED}x\r\n`, "no valid size"],
    ["with a chunk size without end", `${CHUNKED}${"1".repeat(20_000)}`, "too long"],
    ["with a chunk that a bare line feed ends", `${CHUNKED}2\nok\n0\n\n`, "not valid"],
  ])("%s", async (_, bytes, why) => {
    expect(await failure({ bytes, close: true })).toContain(why);
  });
});

describe("an answer that is valid, however odd, arrives", () => {
  test.each([
    ["with its length", `${OK}content-length: 2\r\n\r\nok`, "ok", true],
    ["with its length twice, the same", `${OK}content-length: 2\r\ncontent-length: 2\r\n\r\nok`, "ok", true],
    [
      "in chunks with extensions and trailers",
      `${CHUNKED}1;a=b\r\no\r\n1\r\nk\r\n0\r\nx: y\r\n\r\n`,
      "ok",
      true,
    ],
    [
      "after interim answers",
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n${OK}content-length: 2\r\n\r\nok`,
      "ok",
      true,
    ],
    [
      "after many interim answers, and with many headers",
      `${"HTTP/1.1 102 Processing\r\n\r\n".repeat(2_000)}${OK}${"a: b\r\n".repeat(150)}content-length: 2\r\n\r\nok`,
      "ok",
      true,
    ],
    ["without a reason", "HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok", "ok", true],
    ["in HTTP/1.0", "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok", "ok", false],
    [
      "with a connection that it closes",
      `${OK}connection: close\r\ncontent-length: 2\r\n\r\nok`,
      "ok",
      false,
    ],
    [
      "with more bytes than it said",
      `${OK}content-length: 2\r\n\r\nok${OK}content-length: 4\r\n\r\nevil`,
      "ok",
      false,
    ],
    ["without a body", "HTTP/1.1 204 No Content\r\n\r\n", "", true],
  ])("%s", async (_, bytes, text, isKept) => {
    expect(await ask({ bytes })).toMatchObject({ text, isKept, ends: 1 });
  });

  test("with a body that ends with the connection", async () => {
    expect(await ask({ bytes: `${OK}\r\nok`, close: true })).toMatchObject({
      text: "ok",
      isKept: false,
      ends: 1,
    });
  });

  test("to HEAD, with the length of what GET would have", async () => {
    const { text, headers } = await ask({ bytes: `${OK}content-length: 5\r\n\r\n`, method: "HEAD" });
    expect({ text, length: headers.get("content-length") }).toEqual({ text: "", length: "5" });
  });

  test("to HEAD, without a length where GET would have none", async () => {
    for (const how of ["", "transfer-encoding: chunked\r\n"]) {
      const { headers } = await ask({ bytes: `${OK}${how}\r\n`, method: "HEAD", close: how === "" });
      expect([...headers]).toEqual([["transfer-encoding", "chunked"]]);
    }
  });

  test("with each of its cookies, and with nothing added", async () => {
    const { headers } = await ask({
      bytes: `${OK}set-cookie: a=1\r\nset-cookie: b=2\r\ncontent-length: 2\r\n\r\nok`,
    });
    expect([...headers]).toEqual([
      ["content-length", "2"],
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
    ]);
  });
});
