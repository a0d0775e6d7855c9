import { describe, expect, test } from "bun:test";

import { SWAGGER_UI_ASSETS } from "../../src/assets/swagger-ui.ts";
import { createBareApp } from "../helpers/app.ts";

const app = createBareApp();

function request(path: string, init?: RequestInit): Promise<Response> {
  return app.handle(new Request(`http://127.0.0.1:8000${path}`, init));
}

test("the page names only files that exist, and none from another origin", async () => {
  const page = await (await request("/docs")).text();
  const named = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address ?? "");
  expect(named.sort()).toEqual([...SWAGGER_UI_ASSETS.keys()].map((name) => `/docs/${name}`).sort());
  for (const path of named) expect((await request(path)).status).toBe(200);
});

describe.each(["/docs", "/docs/swagger-ui-bundle.js", "/openapi.json"])("%s", (path) => {
  test("allows nothing inline and nothing from another origin", async () => {
    const policy = (await request(path)).headers.get("content-security-policy");
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self';");
    expect(policy).not.toContain("http");
  });

  test("is answered 304 to a browser that has it", async () => {
    const first = await request(path);
    const etag = first.headers.get("etag") ?? "";
    expect(etag).toMatch(/^"[\w-]+"$/);
    const again = await request(path, { headers: { "if-none-match": `"other", W/${etag}` } });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe("");
    expect((await request(path, { headers: { "if-none-match": '"other"' } })).status).toBe(200);
  });

  test("answers HEAD with the head of GET", async () => {
    const [get, head] = await Promise.all([request(path), request(path, { method: "HEAD" })]);
    expect(head.status).toBe(200);
    expect(head.headers.get("etag")).toBe(get.headers.get("etag"));
    expect(await head.text()).toBe("");
  });
});

test("what the page does not load is NOT_FOUND", async () => {
  for (const name of ["x.js", "constructor", "..%2fapp.ts"]) {
    const response = await request(`/docs/${name}`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: "NOT_FOUND" });
  }
});
