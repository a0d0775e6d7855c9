import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";

import { startRawAgent } from "../helpers/raw-http.ts";

let agent: Awaited<ReturnType<typeof startRawAgent>>;
beforeAll(async () => {
  agent = await startRawAgent();
});
afterAll(() => agent[Symbol.asyncDispose]());
beforeEach(() => void agent.requests.splice(0));

/** The request that an attacker would like the agent to see. */
const SMUGGLED = "GET /invoke/echo/smuggled HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

const post = (...headers: string[]) =>
  `${["POST /invoke/echo/a HTTP/1.1", "Host: a", ...headers].join("\r\n")}\r\n\r\n`;
const get = (...headers: string[]) =>
  `${["GET /invoke/echo/a HTTP/1.1", "Host: a", ...headers].join("\r\n")}\r\n\r\n`;
const CHUNKED = "Transfer-Encoding: chunked";
const ONE_CHUNK = "2\r\nhi\r\n0\r\n\r\n";

describe("is refused, and the agent sees nothing of it:", () => {
  test.each([
    ["Content-Length beside chunks", post("Content-Length: 4", CHUNKED) + ONE_CHUNK],
    ["chunks beside Content-Length", post(CHUNKED, "Content-Length: 4") + ONE_CHUNK],
    ["two lengths", post("Content-Length: 2", "Content-Length: 30") + "hi"],
    ["the same length twice", `${post("Content-Length: 2", "Content-Length: 2")}hi`],
    ["a list of lengths", `${post("Content-Length: 2, 2")}hi`],
    ["a length with a sign", `${post("Content-Length: +2")}hi`],
    ["a negative length", `${post("Content-Length: -2")}hi`],
    ["a length in hex", `${post("Content-Length: 0x2")}hi`],
    ["a length beyond all numbers", `${post("Content-Length: 99999999999999999999999")}hi`],
    ["a space before the colon", `${post("Content-Length : 2")}hi`],
    ["an encoding before chunks", post("Transfer-Encoding: gzip, chunked") + ONE_CHUNK],
    ["chunks before an encoding", post("Transfer-Encoding: chunked, identity") + ONE_CHUNK],
    ["chunks twice", post(CHUNKED, CHUNKED) + ONE_CHUNK],
    ["an encoding like chunks", post("Transfer-Encoding: xchunked") + ONE_CHUNK],
    ["a vertical tab before chunked", post("Transfer-Encoding: \u000Bchunked") + ONE_CHUNK],
    ["identity", `${post("Transfer-Encoding: identity", "Content-Length: 2")}hi`],
    ["chunks in HTTP/1.0", post(CHUNKED).replace("HTTP/1.1", "HTTP/1.0") + ONE_CHUNK],
    ["a chunk size that is none", `${post(CHUNKED)}zz\r\nhi\r\n0\r\n\r\n`],
    ["a negative chunk size", `${post(CHUNKED)}-2\r\nhi\r\n0\r\n\r\n`],
    ["a chunk size with 0x", `${post(CHUNKED)}0x2\r\nhi\r\n0\r\n\r\n`],
    ["a chunk size beyond all numbers", `${post(CHUNKED)}fffffffffffffffff2\r\nhi\r\n0\r\n\r\n`],
    ["a chunk longer than its size", `${post(CHUNKED)}2\r\nhiXX0\r\n\r\n`],
    ["chunks with bare line feeds", `${post(CHUNKED)}2\nhi\n0\n\n`],
    ["a folded header", get("X-A: 1", " Content-Length: 40")],
    ["a folded first header", `GET /invoke/echo/a HTTP/1.1\r\n Host: a\r\n\r\n`],
    ["a NUL in a value", get("X-A: 1\x002")],
    ["a NUL in a name", get("X\0A: 1")],
    ["a NUL in the target", "GET /invoke/echo/a\0b HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["bare line feeds", "GET /invoke/echo/a HTTP/1.1\nHost: a\n\n"],
    ["a bare line feed in a header", get("X-A: 1\nX-B: 2")],
    ["a bare carriage return in a header", get("X-A: 1\rX-B: 2")],
    ["a header without a colon", get("X-A")],
    ["two hosts", get("Host: b", "Connection: close")],
    ["two spaces", "GET  /invoke/echo/a HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["a space in the target", "GET /invoke/echo/a b HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["no version", "GET /invoke/echo/a\r\n\r\n"],
    ["another version", "GET /invoke/echo/a HTTP/1.2\r\nHost: a\r\n\r\n"],
    ["no Host", "GET /invoke/echo/a HTTP/1.1\r\n\r\n"],
  ])("%s", async (_, bytes) => {
    const answer = await agent.send(bytes, SMUGGLED);
    expect(answer).toMatch(/^HTTP\/1\.1 (400|413|505) /);
    expect(agent.requests.filter(({ line }) => line.includes("/a"))).toEqual([]);
  });
});

describe("is one request for the agent:", () => {
  test.each([
    [
      "a body that looks like a request",
      `${post(`Content-Length: ${SMUGGLED.length}`, "Connection: close")}${SMUGGLED}`,
    ],
    [
      "a chunk that looks like a request",
      `${post(CHUNKED, "Connection: close")}${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`,
    ],
    ["a tab before chunked", `${post("Transfer-Encoding:\tchunked", "Connection: close")}${ONE_CHUNK}`],
    ["a chunk with an extension", `${post(CHUNKED, "Connection: close")}2;a=b\r\nhi\r\n0\r\n\r\n`],
    ["a header of ours", get("X-Oken-Timeout-Ms: 1", "Connection: close, X-Oken-Timeout-Ms")],
  ])("%s", async (_, bytes) => {
    expect(await agent.send(bytes)).toStartWith("HTTP/1.1 200 OK\r\n");
    expect(agent.requests).toHaveLength(1);
    expect(agent.requests[0]?.headers.join("\n")).toMatch(/^x-oken-timeout-ms: 300000$/im);
  });
});

test("what follows the trailers of a body never reaches the agent: Bun refuses trailers", async () => {
  const answer = await agent.send(`${post(CHUNKED, "Trailer: X-T")}2\r\nhi\r\n0\r\nX-T: 1\r\n\r\n`, SMUGGLED);
  expect(answer).toMatch(/HTTP\/1\.1 400 Bad Request\r\n/);
  expect(agent.requests.filter(({ line }) => line.includes("smuggled"))).toEqual([]);
});
