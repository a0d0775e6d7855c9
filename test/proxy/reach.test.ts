import { expect, test } from "bun:test";

import { MisdirectedError, isUnreached } from "../../src/proxy/reach.ts";

const failed = (code: string) => Object.assign(new Error(code), { code });

test("a request whose connection was never made has not reached the agent", async () => {
  using server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const { url } = server;
  await server.stop(true);
  const refused = await fetch(url).catch((error: unknown) => error);
  expect(isUnreached(refused)).toBe(true);
  expect(isUnreached(failed("EHOSTUNREACH"))).toBe(true);
});

test("a request that another instance's runtime refused has not reached the agent", () => {
  expect(isUnreached(new MisdirectedError())).toBe(true);
});

test("a request whose connection broke may have reached the agent", () => {
  expect(isUnreached(failed("ECONNRESET"))).toBe(false);
  expect(isUnreached(new Error("the socket was closed"))).toBe(false);
  expect(isUnreached(undefined)).toBe(false);
});
