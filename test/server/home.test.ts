import { expect, test } from "bun:test";

import { createBareApp } from "../helpers/app.ts";

const app = createBareApp();

function request(path: string, headers: Record<string, string> = {}): Promise<Response> {
  return app.handle(new Request(`http://127.0.0.1:8000${path}`, { headers }));
}

const BROWSER = { accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" };

test("browsers get the page, whose files are there, and programs an index", async () => {
  const page = await request("/", BROWSER);
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(page.headers.get("content-security-policy")).toContain("default-src 'none'; script-src 'self'");
  expect(page.headers.get("vary")).toContain("Accept");
  const files = [...(await page.text()).matchAll(/(?:src|href)="(page\/[^"]*)"/g)].map(
    ([, path]) => path ?? "",
  );
  expect(files).toHaveLength(4);
  for (const path of files) expect((await request(`/${path}`)).status).toBe(200);
  for (const accept of ["*/*", "application/json", "application/json, text/html;q=0.5"]) {
    expect(await (await request("/", { accept })).json()).toMatchObject({ docs: "/docs" });
  }
  expect((await request("/page/main.js")).status).toBe(404);
});
