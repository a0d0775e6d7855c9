import { describe, expect, test } from "bun:test";

import { createBareApp } from "../helpers/app.ts";

const app = createBareApp();

async function answer(method: string, path: string) {
  const response = await app.handle(new Request(`http://localhost${path}`, { method }));
  const body: { error: string; code: string } = JSON.parse(await response.text());
  return { status: response.status, allow: response.headers.get("allow"), body };
}

describe("a request for no route is answered as JSON", () => {
  test("an unknown path", async () => {
    expect(await answer("GET", "/nothing/here")).toEqual({
      status: 404,
      allow: null,
      body: { error: "There is nothing at /nothing/here. See GET /docs.", code: "NOT_FOUND" },
    });
  });

  test("a long path, which is cut off", async () => {
    const { body } = await answer("GET", `/${"x".repeat(1_000)}`);
    expect(body.error).toBe(`There is nothing at /${"x".repeat(199)}. See GET /docs.`);
  });

  test.each([
    ["PUT", "/agents", "GET, HEAD, OPTIONS"],
    ["POST", "/health", "GET, HEAD, OPTIONS"],
    ["PATCH", "/agents/echo", "GET, DELETE, HEAD, OPTIONS"],
    ["GET", "/deploy", "POST, OPTIONS"],
  ])("%s of %s, which takes other methods", async (method, path, allow) => {
    expect(await answer(method, path)).toEqual({
      status: 405,
      allow,
      body: {
        error: `${method} is not allowed at ${path}; allowed: ${allow}.`,
        code: "INVALID_REQUEST",
      },
    });
  });
});
