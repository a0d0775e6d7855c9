import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";

import * as sites from "../fixtures/browser/applications.ts";
import { findBrowser, launchBrowser, openPage } from "../helpers/browser.ts";
import { eventually } from "../helpers/eventually.ts";
import { startGateway } from "../helpers/gateway.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

const executable = findBrowser();
if (executable === undefined)
  console.warn("skipped: web applications in a browser; there is no Chromium on PATH");

/** `make soak` runs these too: their packages are large. */
const isLong = Bun.env["OKEN_TEST_LONG"] === "yes";

const SWAGGER_UI = join(import.meta.dir, "../../node_modules/swagger-ui-dist");

const textOf = (page: Page) => page.locator("body").innerText();

let browser: Browser;
let runner: TestRunner;
/** Gives each agent an origin of its own. */
let spacious: TestRunner;
beforeAll(async () => {
  if (executable === undefined) return;
  [browser, runner, spacious] = await Promise.all([
    launchBrowser(executable),
    // For the gateway, which is on this host.
    startRunner({ OKEN_TRUSTED_PROXIES: "127.0.0.1" }),
    startRunner({ OKEN_AGENT_DOMAIN: "localhost" }),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([runner?.[Symbol.asyncDispose](), spacious?.[Symbol.asyncDispose]()]);
});

async function deploy(id: string, files: Record<string, string>, to = runner): Promise<string> {
  const { body } = await to.deploy(id, files);
  expect(body).toMatchObject({ agent_id: id, status: "running" });
  return `${to.url}/invoke/${id}`;
}

/** Deploys where it has an origin of its own, which is the result. */
async function deployOwn(id: string, files: Record<string, string>): Promise<string> {
  await deploy(id, files, spacious);
  return `http://${id}.localhost:${new URL(spacious.url).port}`;
}

describe.skipIf(executable === undefined)("in a sandbox,", () => {
  test("FastAPI's redirects stay below the prefix", async () => {
    const url = await deploy("fastapi", sites.FASTAPI_SITE);
    await using opened = await openPage(browser, runner.url);
    const { page, problems } = opened;
    await page.goto(`${url}/`);
    await page.getByText("items").click();
    await page.waitForURL(`${url}/items/`);
    expect(await textOf(page)).toContain('{"page":1}');
    await page.goto(`${url}/go`);
    expect(page.url()).toBe(`${url}/items/`);
    await page.goto(`${url}/away`);
    expect(page.url()).toBe(`${url}/items/?page=7`);
    expect(problems).toEqual([]);
  });

  test("a session of Flask stays with its agent, and a form that is posted is refused", async () => {
    const [url, otherUrl] = await Promise.all([
      deploy("flask", sites.FLASK_SITE),
      deploy("flask-other", sites.FLASK_SITE),
    ]);
    await using opened = await openPage(browser, runner.url);
    const { page, problems } = opened;
    await page.goto(`${url}/enter`);
    await page.locator("input").fill("Ada");
    await page.getByText("Enter").click();
    await page.waitForURL(`${url}/me`);
    expect(await page.locator("p").innerText()).toBe("Ada");
    await page.goto(`${url}/plain`);
    expect(page.url()).toBe(`${url}/me`);
    expect(await page.locator("p").innerText()).toBe("Ada");
    expect(await page.context().cookies()).toEqual([
      expect.objectContaining({ name: "session", path: "/invoke/flask" }),
    ]);
    await page.goto(`${otherUrl}/me`);
    expect(await textOf(page)).toMatch(/nobody\s+0/);
    expect(problems).toEqual([]);
    await page.goto(`${url}/login`);
    await page.getByText("Log in").click();
    await page.waitForURL(`${url}/login`);
    await eventually(async () => expect(await textOf(page)).toContain("see OKEN_AGENT_DOMAIN"));
  });

  test("below a gateway's path, redirects, links and sessions stay there", async () => {
    await using gateway = startGateway("/team", runner.url);
    const url = `${gateway.origin}/team/invoke/flask`;
    await using opened = await openPage(browser, gateway.origin);
    const { page, problems } = opened;
    await page.goto(`${url}/enter`);
    await page.locator("input").fill("Ada");
    await page.getByText("Enter").click();
    await page.waitForURL(`${url}/me`);
    await page.goto(`${url}/plain`);
    expect(page.url()).toBe(`${url}/me`);
    expect(await page.locator("p").innerText()).toBe("Ada");
    expect(await page.context().cookies()).toEqual([
      expect.objectContaining({ name: "session", path: "/team/invoke/flask" }),
    ]);
    expect(problems).toEqual([]);
  });

  test("a page of the API calls a tool of an MCP server, by way of its redirect", async () => {
    const url = await deploy("mcp", sites.MCP_SERVER);
    await using opened = await openPage(browser, runner.url);
    const { page, problems } = opened;
    await page.goto(`${runner.url}/health`);
    const answer = await page.evaluate(async (endpoint) => {
      const response = await fetch(endpoint, {
        method: "POST",
        headers: { accept: "application/json, text/event-stream", "content-type": "application/json" },
        body: JSON.stringify({
          jsonrpc: "2.0",
          id: 1,
          method: "tools/call",
          params: { name: "add", arguments: { a: 2, b: 3 } },
        }),
      });
      return { url: response.url, body: await response.text() };
    }, `${url}/mcp/`);
    expect(answer.url).toBe(`${url}/mcp`);
    expect(JSON.parse(answer.body)).toMatchObject({ result: { content: [{ type: "text", text: "5" }] } });
    expect(problems).toEqual([]);
  });
});

describe.skipIf(executable === undefined)("at an origin of its own,", () => {
  test("FastAPI's /docs finds its own openapi.json and tries it out", async () => {
    const origin = await deployOwn("docs", sites.FASTAPI_SITE);
    await using opened = await openPage(browser, origin);
    const { page, problems } = opened;
    // The page asks a public server for Swagger UI, which is the same as ours.
    await page.route("https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/*", (route) =>
      route.fulfill({
        path: join(SWAGGER_UI, new URL(route.request().url()).pathname.split("/").at(-1) ?? ""),
      }),
    );
    await page.route("https://fastapi.tiangolo.com/**", (route) => route.fulfill({ status: 204 }));
    await page.goto(`${origin}/docs`);
    const items = page.locator(".opblock", { hasText: "/items/" });
    await items.locator(".opblock-summary-control").click();
    await items.locator(".try-out__btn").click();
    await items.locator(".execute").click();
    expect(await items.locator(".request-url").innerText()).toContain(`${origin}/items/?page=1`);
    expect(await items.locator(".live-responses-table .response").innerText()).toContain('"page": 1');
    expect(problems).toEqual([]);
  });

  test("a browser that asks below /invoke is sent there, and a form that is posted logs in", async () => {
    const origin = await deployOwn("flask", sites.FLASK_SITE);
    await using opened = await openPage(browser, origin, spacious.url);
    const { page, problems } = opened;
    await page.goto(`${spacious.url}/invoke/flask/login`);
    expect(page.url()).toBe(`${origin}/login`);
    await page.locator("input").fill("Ada");
    await page.getByText("Log in").click();
    await page.waitForURL(`${origin}/me`);
    await page.goto(`${origin}/plain`);
    expect(page.url()).toBe(`${origin}/me`);
    expect(await page.locator("p").innerText()).toBe("Ada");
    expect(await page.context().cookies()).toEqual([
      expect.objectContaining({ name: "session", path: "/", domain: "flask.localhost" }),
    ]);
    expect(problems).toEqual([]);
  });

  test("Django's admin logs in and out, with its styles", async () => {
    const origin = await deployOwn("django", sites.DJANGO_SITE);
    await using opened = await openPage(browser, origin);
    const { page, problems } = opened;
    await page.goto(`${origin}/admin`);
    expect(page.url()).toBe(`${origin}/admin/login/?next=/admin/`);
    await page.locator("#id_username").fill("ada");
    await page.locator("#id_password").fill("lovelace");
    await page.locator("[type=submit]").click();
    await page.waitForURL(`${origin}/admin/`);
    await page.getByRole("link", { name: "Users" }).first().click();
    await page.waitForURL(`${origin}/admin/auth/user/`);
    expect(await page.locator("#result_list").innerText()).toContain("ada@example.org");
    const style = await page.goto(`${origin}/style`);
    expect(page.url()).toBe(`${origin}/static/admin/css/base.css`);
    expect(style?.status()).toBe(200);
    const paths = (await page.context().cookies()).map(({ path }) => path);
    expect(new Set(paths)).toEqual(new Set(["/"]));
    expect(problems).toEqual([]);
  });

  test("FastHTML keeps a session, and a form's redirect goes to its own page", async () => {
    const origin = await deployOwn("fasthtml", sites.FASTHTML_SITE);
    await using opened = await openPage(browser, origin);
    const { page, problems } = opened;
    await page.goto(`${origin}/`);
    await page.goto(`${origin}/`);
    expect(await textOf(page)).toContain("visit 2");
    await page.locator("input").fill("Ada");
    await page.getByText("Send").click();
    await page.waitForURL(`${origin}/hello/Ada`);
    expect(await textOf(page)).toContain("Hello Ada");
    expect(problems).toEqual([]);
  });

  test.skipIf(!isLong)("Streamlit answers what is typed", async () => {
    const origin = await deployOwn("streamlit", sites.STREAMLIT_SITE);
    await using opened = await openPage(browser, origin);
    const { page } = opened;
    await page.goto(`${origin}/`);
    await page.getByText("Hello nobody").waitFor();
    await page.getByLabel("Name").fill("Ada");
    await page.getByLabel("Name").press("Enter");
    await page.getByText("Hello Ada").waitFor();
  });

  test.skipIf(!isLong)("Gradio answers what is typed", async () => {
    const origin = await deployOwn("gradio", sites.GRADIO_SITE);
    await using opened = await openPage(browser, origin);
    const { page } = opened;
    await page.goto(`${origin}/`);
    await page.getByLabel("Name").fill("Ada");
    await page.getByRole("button", { name: "Submit" }).click();
    const greeting = page.getByLabel("Greeting");
    await eventually(async () => expect(await greeting.inputValue()).toBe("Hello Ada"));
  });
});
