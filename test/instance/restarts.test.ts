import { expect, test } from "bun:test";

import { askRestarts } from "../../src/instance/restarts.ts";

test.each([
  [{ state: "ready", restarts: 3 }, 3],
  [{ state: "ready" }, undefined],
])("a runtime that says %j has replaced %p processes", async (health, restarts) => {
  await using server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: ({ url }) => (url.endsWith("/health") ? Response.json(health) : new Response("", { status: 404 })),
  });
  expect(await askRestarts(`http://127.0.0.1:${server.port}`)).toBe(restarts);
});
