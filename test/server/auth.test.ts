import { describe, expect, test } from "bun:test";

import { createAuth } from "../../src/server/auth.ts";

const TOKEN = "a-token-of-more-than-sixteen-characters";

const requestWith = (authorization?: string) =>
  new Request("http://localhost/", { headers: authorization === undefined ? {} : { authorization } });

test("without a token every request passes", () => {
  const authenticate = createAuth(undefined);
  expect(() => authenticate(requestWith(), "/agents")).not.toThrow();
});

describe("with a token", () => {
  const authenticate = createAuth(TOKEN);

  test.each([`Bearer ${TOKEN}`, `bearer ${TOKEN}`, `BEARER   ${TOKEN}`])(
    "%p passes, whatever the scheme's case",
    (authorization) => {
      expect(() => authenticate(requestWith(authorization), "/agents")).not.toThrow();
    },
  );

  test.each([
    undefined,
    "",
    TOKEN,
    "Bearer ",
    "Bearer wrong",
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(1)}`,
    `Bearer ${TOKEN.toUpperCase()}`,
    `Basic ${TOKEN}`,
    `Bearer Bearer ${TOKEN}`,
  ])("%p is refused", (authorization) => {
    expect(() => authenticate(requestWith(authorization), "/agents")).toThrow(
      expect.objectContaining({
        code: "UNAUTHORIZED",
        status: 401,
        headers: { "WWW-Authenticate": 'Bearer realm="oken-runner"' },
      }),
    );
  });

  test.each(["/health", "/docs", "/docs/", "/docs/swagger-ui.css", "/openapi.json"])("%p is open", (path) => {
    expect(() => authenticate(requestWith(), path)).not.toThrow();
  });

  test.each([
    "/",
    "/agents",
    "/metrics",
    "/healthz",
    "/health/x",
    "/docsx",
    "/openapi.json/",
    "/invoke/health",
    "//health",
    "/agents/../health",
    "/%68ealth",
    "/health\n",
  ])("%p is not", (path) => {
    expect(() => authenticate(requestWith(), path)).toThrow(
      expect.objectContaining({ code: "UNAUTHORIZED" }),
    );
  });
});
