import { expect, test } from "bun:test";

import { tellDoubt } from "../../src/instance/doubt.ts";

test.each([
  [{ mustAsk: true }, "1"],
  [{ mustAsk: false }, null],
])("a runtime is told of %j, and for which instance", async (doubt, mustAsk) => {
  const told: unknown[] = [];
  await using server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch({ method, url, headers }) {
      told.push([
        method,
        new URL(url).pathname,
        headers.get("x-oken-instance"),
        headers.get("x-oken-must-ask"),
      ]);
      return new Response("{}", { status: 202 });
    },
  });
  await tellDoubt(`http://127.0.0.1:${server.port}`, { instance: "oken-echo", doubt });
  expect(told).toEqual([["POST", "/unanswered", "oken-echo", mustAsk]]);
});

test("a runtime that is gone is no failure", async () => {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
  const origin = `http://127.0.0.1:${server.port}`;
  await server.stop(true);
  expect(await tellDoubt(origin, { instance: "oken-echo", doubt: { mustAsk: false } })).toBeUndefined();
});
