import { describe, expect, test } from "bun:test";

import { SWAGGER_UI_ASSETS } from "../../src/assets/swagger-ui.ts";
import { createBareApp } from "../helpers/app.ts";

const app = createBareApp();

function request(path: string, init?: RequestInit): Promise<Response> {
  return app.handle(new Request(`http://127.0.0.1:8000${path}`, init));
}

/** The addresses in the page, which is at `/docs`. */
async function named(): Promise<string[]> {
  const page = await (await request("/docs")).text();
  return [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => `/${address}`);
}

const bundle = (await named()).find((path) => path.includes("bundle")) ?? "";

test("the page names only files that exist, none from another origin, and its own by their content", async () => {
  const paths = await named();
  const withoutDigest = paths.map((path) => path.replace(/\.[\w-]{16}(?=\.\w+$)/, ""));
  expect(withoutDigest.sort()).toEqual([...SWAGGER_UI_ASSETS.keys()].map((name) => `/docs/${name}`).sort());
  for (const path of paths) {
    const { status, headers } = await request(path);
    expect([status, headers.get("cache-control")]).toEqual([200, "public, max-age=31536000, immutable"]);
  }
});

test("what is large is sent compressed to those who take that", async () => {
  const plain = await request(bundle);
  const zipped = await request(bundle, { headers: { "accept-encoding": "br, gzip;q=0.5" } });
  expect([plain.headers.get("content-encoding"), zipped.headers.get("content-encoding")]).toEqual([
    null,
    "gzip",
  ]);
  const bytes = await zipped.bytes();
  expect(bytes.length).toBeLessThan(500_000);
  expect(Buffer.from(Bun.gunzipSync(new Uint8Array(bytes)))).toEqual(Buffer.from(await plain.bytes()));
  for (const refused of ["gzip;q=0", "gzip;q=0.0", "br"]) {
    const answer = await request(bundle, { headers: { "accept-encoding": refused } });
    expect(answer.headers.get("content-encoding")).toBeNull();
  }
});

describe.each(["/docs", bundle, "/openapi.json"])("%s", (path) => {
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
  for (const name of ["x.js", "constructor", "..%2fapp.ts", "init.js"]) {
    const response = await request(`/docs/${name}`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: "NOT_FOUND" });
  }
});
