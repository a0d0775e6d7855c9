import { expect, test } from "bun:test";

import { stripHopByHop } from "../../src/proxy/headers.ts";

test("headers of one connection are not passed on, those that Connection names among them", () => {
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
