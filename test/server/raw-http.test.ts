import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";

import { startRawAgent } from "../helpers/raw-http.ts";

/** What the runner of these tests allows in a body, bytes. */
const MAX_BODY = 2048;

let agent: Awaited<ReturnType<typeof startRawAgent>>;
beforeAll(async () => {
  agent = await startRawAgent({ OKEN_MAX_INVOKE_BYTES: String(MAX_BODY) });
});
afterAll(() => agent[Symbol.asyncDispose]());
beforeEach(() => void agent.requests.splice(0));

const send = (...parts: string[]) => agent.send(...parts);

/** A request with these lines, after which the runner closes. */
const head = (line: string, ...headers: string[]) =>
  `${[`${line} HTTP/1.1`, "Host: runner", "Connection: close", ...headers].join("\r\n")}\r\n\r\n`;

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
const bodyOf = (answer: string): unknown => JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4));

describe("a target", () => {
  test.each([
    ["/invoke/echo/", "/"],
    ["/invoke/echo//x", "//x"],
    ["/invoke/echo//x//y?//z", "//x//y?//z"],
    ["/invoke/echo/it's%2F%27/%zz?q=%2f+%20", "/it's%2F%27/%zz?q=%2f+%20"],
    ["/invoke/echo/[a]|b?c=[d]|{e}`f", "/[a]|b?c=[d]|{e}`f"],
    ["/invoke/echo/x?a=/b?c=:d@", "/x?a=/b?c=:d@"],
    ["http://elsewhere.example/invoke/echo/x?y", "/x?y"],
    ["/invoke/echo/x?y#z", "/x?y"],
  ])("of %j reaches the agent as %j", async (sent, received) => {
    expect(statusOf(await send(head(`GET ${sent}`)))).toBe(200);
    expect(agent.requests.map(({ line }) => line)).toEqual([`GET ${received} HTTP/1.1`]);
  });

  test("of the agent's root is no invoke, which has no query", async () => {
    await send(head("POST /invoke/echo/?a", "Content-Length: 2"), "hi");
    await send(head("POST /invoke/echo", "Content-Length: 2"), "hi");
    expect(statusOf(await send(head("POST /invoke/echo?a", "Content-Length: 2"), "hi"))).toBe(400);
    expect(agent.requests.map(({ line }) => line)).toEqual(["POST /?a HTTP/1.1", "POST /invoke HTTP/1.1"]);
  });

  test("has its quotes encoded by Bun", async () => {
    await send(head(`GET /invoke/echo/"?q='"`));
    expect(agent.requests.map(({ line }) => line)).toEqual(["GET /%22?q=%27%22 HTTP/1.1"]);
  });
});

describe("HTTP/1.0", () => {
  test.each([
    ["with a Host", "Host: runner\r\n"],
    ["without a Host", ""],
    ["with an empty Host", "Host:\r\n"],
  ])("%s is served", async (_, host) => {
    expect(await send(`GET /invoke/echo/a?b HTTP/1.0\r\n${host}\r\n`)).toEndWith("\r\n\r\nok");
    expect(agent.requests.map(({ line }) => line)).toEqual(["GET /a?b HTTP/1.1"]);
    expect(bodyOf(await send(`GET /nothing HTTP/1.0\r\n${host}\r\n`))).toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("a Host", () => {
  test.each(["a b", "a/b", "a, b", "user:pw@a", "a?b", "@/<>", "[::", "a:b", "a:999999"])(
    "of %j is refused",
    async (host) => {
      const answer = await send(`GET /invoke/echo/a HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      expect(statusOf(answer)).toBe(400);
      expect(bodyOf(answer)).toEqual({
        error: `Host is ${JSON.stringify(host)}, but must be the name or the address of a host.`,
        code: "INVALID_REQUEST",
      });
      expect(agent.requests).toEqual([]);
    },
  );

  test.each(["a", "A_b.example:80", "1.2.3.4", "[::1]:8000", "xn--bcher-kva.example"])(
    "of %j is passed on",
    async (host) => {
      const answer = await send(`GET /invoke/echo/a HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      expect(statusOf(answer)).toBe(200);
      expect(agent.requests[0]?.headers).toContainEqual(
        expect.stringMatching(new RegExp("^x-forwarded-host: ", "i")),
      );
    },
  );
});

describe("a path that is no text", () => {
  test.each(["/agents/%ff", "/logs/%", "/stop/%zz", "/docs/%ff", "/%c3%28", "/invoke/%ff", "/invoke/%ff/a"])(
    "%j is refused",
    async (path) => {
      const answer = await send(head(`GET ${path}`));
      expect(statusOf(answer)).toBe(400);
      expect(bodyOf(answer)).toEqual({
        error: `The path ${JSON.stringify(path)} is not valid: a % begins two hexadecimal digits of UTF-8.`,
        code: "INVALID_REQUEST",
      });
      expect(agent.requests).toEqual([]);
    },
  );

  test("below an agent is the agent's", async () => {
    expect(statusOf(await send(head("GET /invoke/echo/%ff?%")))).toBe(200);
    expect(agent.requests.map(({ line }) => line)).toEqual(["GET /%ff?% HTTP/1.1"]);
  });

  test.each(["/agents/%00", "/logs/%0a", "/agents/..%2fx", "/agents/%F0%9F%98%80"])(
    "%j is no agent",
    async (path) => {
      const answer = await send(head(`GET ${path}`));
      expect([statusOf(answer), bodyOf(answer)]).toMatchObject([404, { code: "AGENT_NOT_FOUND" }]);
    },
  );
});

test.each(["/invoke/%ff", "/agents/%ff", "/nothing"])(
  "an error at %j is what it says it is",
  async (path) => {
    const answer = (await send(head(`GET ${path}`))).toLowerCase();
    expect(answer).toContain("\r\nx-content-type-options: nosniff\r\n");
    expect(answer.includes("\r\ncontent-security-policy: sandbox ")).toBe(path.startsWith("/invoke/"));
  },
);

describe("two hosts", () => {
  test.each(["a", "b"])("a and %s are refused", async (second) => {
    const answer = await send(
      `GET /agents HTTP/1.1\r\nHost: a\r\nHost: ${second}\r\nConnection: close\r\n\r\n`,
    );
    expect([statusOf(answer), bodyOf(answer)]).toMatchObject([400, { code: "INVALID_REQUEST" }]);
  });
});

describe("a method", () => {
  test.each(["TRACE", "CONNECT"])("%s is refused", async (method) => {
    const answer = await send(head(`${method} /invoke/echo/a`));
    expect(statusOf(answer)).toBe(405);
    expect(bodyOf(answer)).toEqual({ error: `${method} is not served.`, code: "INVALID_REQUEST" });
  });

  test.each(["CONNECT a:80", "CONNECT a", "CONNECT /", "TRACE /agents"])("%j is refused", async (line) => {
    expect(statusOf(await send(head(line)))).toBe(405);
    expect(agent.requests).toEqual([]);
  });

  test("that Bun does not know ends in a closed connection", async () => {
    expect(await send(head("BREW /invoke/echo/a"))).toBe("");
  });

  test.each(["GET", "HEAD", "OPTIONS", "PROPFIND"])("%s is passed on", async (method) => {
    expect(statusOf(await send(head(`${method} /invoke/echo/a`)))).toBe(200);
    expect(agent.requests.map(({ line }) => line)).toEqual([`${method} /a HTTP/1.1`]);
  });
});

describe("a body", () => {
  test.each(["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])("of %s is passed on", async (method) => {
    await send(head(`${method} /invoke/echo/a`, "Content-Length: 5"), "hello");
    expect(agent.requests).toEqual([expect.objectContaining({ body: "hello" })]);
  });

  test.each(["GET", "HEAD"])("of %s is refused, since Bun drops it", async (method) => {
    const answer = await send(head(`${method} /invoke/echo/a`, "Content-Length: 5"), "hello");
    expect(statusOf(answer)).toBe(400);
    expect(agent.requests).toEqual([]);
  });

  describe.each(["/invoke/echo", "/invoke/echo/files"])("to %s", (path) => {
    test("above the limit is refused by its length", async () => {
      const answer = await send(head(`POST ${path}`, `Content-Length: ${MAX_BODY + 1}`));
      expect(statusOf(answer)).toBe(413);
      expect(bodyOf(answer)).toEqual({
        error: `The body has ${MAX_BODY + 1} bytes, the limit is ${MAX_BODY}.`,
        code: "INVALID_REQUEST",
        details: { limit: MAX_BODY },
      });
      expect(agent.requests).toEqual([]);
    });

    test.each([
      ["", []],
      [", also when Connection names what says so", ["Connection: transfer-encoding"]],
    ])("above the limit is refused as it comes in chunks%s", async (_, headers) => {
      const chunk = `400\r\n${"x".repeat(1024)}\r\n`;
      const chunks = [chunk, chunk, chunk, "0\r\n\r\n"];
      const answer = await send(head(`POST ${path}`, "Transfer-Encoding: chunked", ...headers), ...chunks);
      expect(statusOf(answer)).toBe(413);
      expect(bodyOf(answer)).toEqual({
        error: `The body has more than ${MAX_BODY} bytes, which is the limit.`,
        code: "INVALID_REQUEST",
        details: { limit: MAX_BODY },
      });
      expect(agent.requests).toEqual([]);
    });

    test("in chunks up to the limit is passed on", async () => {
      const chunk = `400\r\n${"x".repeat(1024)}\r\n`;
      const answer = await send(
        head(`POST ${path}`, "Transfer-Encoding: chunked"),
        ...[chunk, chunk, "0\r\n\r\n"],
      );
      expect(answer).toEndWith("ok");
      expect(agent.requests[0]?.body.match(/x/g)?.length).toBe(MAX_BODY);
    });
  });
});

describe("Expect", () => {
  test("of 100-continue is answered before the body", async () => {
    const answer = await send(
      head("POST /invoke/echo/a", "Content-Length: 5", "Expect: 100-continue"),
      "hello",
    );
    expect(answer).toStartWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n");
    expect(agent.requests).toEqual([expect.objectContaining({ body: "hello" })]);
  });

  test("in another case is served when the caller sends its body all the same", async () => {
    const answer = await send(
      head("POST /invoke/echo/a", "Content-Length: 5", "Expect: 100-Continue"),
      "hello",
    );
    expect(statusOf(answer)).toBe(200);
    expect(agent.requests).toEqual([expect.objectContaining({ body: "hello" })]);
  });
});
