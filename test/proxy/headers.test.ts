import { expect, test } from "bun:test";

import {
  endToEndHeaders,
  isWebSocketUpgrade,
  offeredProtocols,
  stripConnection,
  stripHopByHop,
} from "../../src/proxy/headers.ts";

test("headers of one connection are not passed on, nor those that Connection names", () => {
  const headers = new Headers({
    Connection: "keep-alive, X-Private, not a name",
    "Keep-Alive": "timeout=5",
    "Transfer-Encoding": "chunked",
    TE: "trailers",
    Upgrade: "websocket",
    Expect: "100-continue",
    "Proxy-Authorization": "Basic x",
    "X-Private": "1",
    "X-Kept": "2",
    Accept: "*/*",
  });
  stripHopByHop(headers);
  expect(headers.toJSON()).toEqual({ "x-kept": "2", accept: "*/*" });
});

test("nobody hides the length of a body, the host and the id of a request by naming them in Connection", () => {
  const headers = { "Content-Length": "1", "Transfer-Encoding": "chunked", Host: "a", "X-Request-Id": "b" };
  const asked = new Headers({ ...headers, Connection: Object.keys(headers).join(", ") });
  stripConnection(asked);
  expect(asked.toJSON()).toEqual(new Headers(headers).toJSON());
});

test.each([
  [true, "GET", { upgrade: "websocket" }],
  [true, "GET", { upgrade: " WebSocket ", "content-length": "0" }],
  [false, "GET", {}],
  [false, "GET", { upgrade: "h2c" }],
  [false, "POST", { upgrade: "websocket" }],
  [false, "GET", { upgrade: "websocket", "content-length": "5" }],
  [false, "GET", { upgrade: "websocket", "transfer-encoding": "chunked" }],
] as const)("asking for a WebSocket is %p of a %s with %p", (expected, method, headers) => {
  expect(isWebSocketUpgrade(new Request("http://a/", { method, headers: { ...headers } }))).toBe(expected);
});

test("subprotocols are offered in order and once", () => {
  expect(offeredProtocols(new Headers({ "Sec-WebSocket-Protocol": "b, a,, b ,c" }))).toEqual(["b", "a", "c"]);
  expect(offeredProtocols(new Headers())).toEqual([]);
});

test("the end-to-end headers of a handshake are passed on, also repeated ones", () => {
  const headers = endToEndHeaders([
    ["Connection", "Upgrade, X-Private"],
    ["Upgrade", "websocket"],
    ["X-Private", "1"],
    ["Sec-WebSocket-Key", "k"],
    ["Sec-WebSocket-Version", "13"],
    ["Sec-WebSocket-Extensions", "permessage-deflate"],
    ["Sec-WebSocket-Protocol", "a"],
    ["Sec-WebSocket-Accept", "k"],
    ["Set-Cookie", "a=1"],
    ["Set-Cookie", "b=2"],
    ["Origin", "https://example.com"],
  ]);
  expect([...headers]).toEqual([
    ["origin", "https://example.com"],
    ["set-cookie", "a=1"],
    ["set-cookie", "b=2"],
  ]);
});
