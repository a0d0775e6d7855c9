import { expect, test } from "bun:test";
import { connect } from "node:net";

import { answering, startRawServer } from "../helpers/raw-server.ts";
import { agentIn, instanceOf, versionRecord } from "../helpers/records.ts";
import { startServer } from "../helpers/server.ts";

const OK = "HTTP/1.1 200 OK\r\n";

/** Longer than what is read whole. */
const LONG = 100_000;

type Answered = { head: string; body: string; end: "closed" | "reset" };

/** The bytes that a caller gets of an http agent's answer, which this is. */
async function call(bytes: string, { method = "GET", close = false } = {}): Promise<Answered> {
  await using upstream = await startRawServer(answering(Buffer.from(bytes, "latin1"), { close }));
  const version = versionRecord(1);
  const entrypoint = { ...version.entrypoint, type: "http" as const };
  const instance = instanceOf({ ...version, entrypoint }, { origin: upstream.origin });
  await using server = await startServer(agentIn("running", { instance }));
  const socket = connect(server.port, "127.0.0.1");
  const ended = Promise.withResolvers<Answered["end"]>();
  let text = "";
  socket.on("data", (data: Buffer) => (text += data.toString("latin1")));
  socket.on("error", () => ended.resolve("reset"));
  socket.on("close", () => ended.resolve("closed"));
  socket.write(`${method} /invoke/echo/a HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`);
  const end = await ended.promise;
  const [head = "", body = ""] = text.split("\r\n\r\n");
  return { head: head.toLowerCase(), body, end };
}

test.each([
  ["with its length", `${OK}Content-Length: ${LONG}\r\n\r\n`],
  ["in a chunk", `${OK}Transfer-Encoding: chunked\r\n\r\n${LONG.toString(16)}\r\n`],
  ["between two chunks", `${OK}Transfer-Encoding: chunked\r\n\r\n11170\r\n`],
])("an answer that breaks off %s never ends for its caller as if it were whole", async (_, begin) => {
  const { head, body, end } = await call(begin + "x".repeat(70_000), { close: true });
  expect(head).toStartWith("http/1.1 200 ok");
  expect(end).toBe("reset");
  expect(body).not.toContain("\r\n0\r\n");
});

test.each(["Transfer-Encoding: chunked\r\n", ""])(
  "HEAD for what has no length is told none: %j",
  async (how) => {
    const { head } = await call(`${OK}${how}\r\n`, { method: "HEAD", close: how === "" });
    expect(head).toContain("transfer-encoding: chunked");
    expect(head).not.toContain("content-length");
  },
);

test("HEAD is told the length that GET would have, at any size", async () => {
  const { head } = await call(`${OK}Content-Length: 5000000000\r\n\r\n`, { method: "HEAD" });
  expect(head).toContain("content-length: 5000000000");
});

test("a short answer keeps its length, its cookies apart, its bytes in headers and its own Server-Timing", async () => {
  const headers = [
    "Set-Cookie: a=1",
    "Set-Cookie: b=2",
    "X-Latin: caf\xe9",
    "X-Empty:",
    "Server-Timing: db;dur=3",
    "Content-Length: 2",
  ];
  const { head, body } = await call(`${OK}${headers.join("\r\n")}\r\n\r\nok`);
  for (const line of ["set-cookie: a=1", "set-cookie: b=2", "x-latin: caf\xe9", "content-length: 2"])
    expect(head.split("\r\n")).toContain(line);
  expect(head).toContain("x-empty:");
  expect(head).toMatch(/server-timing: db;dur=3, queue;dur=[\d.]+, start;dur=0, run;dur=[\d.]+/);
  expect(head).not.toContain("\r\ncontent-type:");
  expect(body).toBe("ok");
});

test("interim answers and trailers are dropped, and the answer is whole", async () => {
  const early = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  const { head, body } = await call(
    `${early}${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n`,
  );
  expect(head).not.toContain("link");
  expect(head).toContain("content-length: 2");
  expect(body).toBe("ok");
});
