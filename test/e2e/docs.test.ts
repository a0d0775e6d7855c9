import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser } from "playwright-core";

import { type WatchedPage, findBrowser, launchBrowser, openPage } from "../helpers/browser.ts";
import { MEASURED, barNow } from "../helpers/measured.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

/** `make soak` opens every operation. */
const isLong = Bun.env["OKEN_TEST_LONG"] === "yes";

const executable = findBrowser();
if (executable === undefined) console.warn("skipped: /docs in a browser; there is no Chromium on PATH");

describe.skipIf(executable === undefined)("/docs, in a browser that reaches nothing but the runner,", () => {
  let runner: TestRunner;
  let browser: Browser;
  /** Opened once for all, since Swagger UI takes seconds to draw it. */
  let docs: WatchedPage;
  beforeAll(async () => {
    [runner, browser] = await Promise.all([startRunner(), launchBrowser(executable ?? "")]);
    docs = await openPage(browser, runner.url);
    await docs.page.goto(`${runner.url}/docs`);
    await docs.page.waitForSelector(".opblock");
  });
  afterAll(async () => {
    await browser?.close();
    await runner?.[Symbol.asyncDispose]();
  });

  test("shows every operation of the document, and the answers of one of each kind", async () => {
    const { page, problems } = docs;
    const { body } = await runner.request<{ paths: Record<string, Record<string, { summary: string }>> }>(
      "GET",
      "/openapi.json",
    );
    const documented = Object.entries(body.paths).flatMap(([path, item]) =>
      Object.entries(item)
        .filter(([method]) => method !== "head" && method !== "options")
        .map(([method, { summary }]) => `${method.toUpperCase()} ${path} ${summary}`),
    );
    const shown = await page.evaluate<string[]>(`[...document.querySelectorAll(".opblock")].map((block) => {
      const parts = ["method", "path", "description"].map((part) => ".opblock-summary-" + part);
      return parts.map((part) => block.querySelector(part).textContent).join(" ");
    })`);
    // Swagger UI lets a long path wrap by characters of no width.
    const named = shown.map((text) => text.replaceAll("\u200B", ""));
    for (const tag of await page.locator(".opblock-tag-section").all()) {
      // To open one takes Swagger UI seconds.
      const blocks = await tag.locator(".opblock").all();
      for (const block of isLong ? blocks : blocks.slice(0, 1)) {
        await block.locator(".opblock-summary-control").click();
        await block.locator(".responses-table").waitFor();
        await block.locator(".opblock-summary-control").click();
      }
    }
    expect(await page.title()).toBe("Oken Runner API");
    expect(named.sort()).toEqual(documented.sort());
    // A reference that cannot be resolved is shown here, and nowhere else.
    expect(await page.locator(".errors-wrapper").count()).toBe(0);
    expect(problems).toEqual([]);
  });

  test(
    "shows something within 300 ms, its own address in the examples, and dark to those who want that",
    async () => {
      const { page, problems } = docs;
      const paints: number[] = [];
      for (let look = 0; look < 3; look += 1) {
        await page.reload();
        await page.waitForSelector(".opblock");
        paints.push(
          await page.evaluate(
            () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Infinity,
          ),
        );
      }
      expect(Math.min(...paints)).toBeLessThan(await barNow(300));
      const description = await page.locator(".info .description").innerText();
      expect(description).toContain(`${runner.url}/deploy`);
      expect(description).not.toContain("127.0.0.1:8000");
      const background = () =>
        page.evaluate<string>("getComputedStyle(document.documentElement).backgroundColor");
      const light = await background();
      await page.emulateMedia({ colorScheme: "dark" });
      await page.waitForSelector("html.dark-mode");
      expect(await background()).not.toBe(light);
      await page.emulateMedia({ colorScheme: "light" });
      expect(problems).toEqual([]);
    },
    MEASURED,
  );

  test("tries out GET /health and shows its 200, on a telephone too", async () => {
    const health = docs.page.locator("#operations-Runner-getHealth");
    await health.locator(".opblock-summary-control").click();
    await health.locator(".try-out__btn").click();
    await health.locator(".execute").click();
    const answer = health.locator(".live-responses-table .response");
    expect(await answer.locator(".response-col_status").textContent()).toContain("200");
    expect(await answer.locator(".response-col_description").textContent()).toContain('"status": "ok"');
    const before = docs.page.viewportSize() ?? { width: 1280, height: 1600 };
    await docs.page.setViewportSize({ width: 390, height: 844 });
    expect(await docs.page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBe(0);
    await docs.page.setViewportSize(before);
    expect(docs.problems).toEqual([]);
  });

  test("sends a chosen file as the tarball of a deploy", async () => {
    const deploy = docs.page.locator("#operations-Agents-deployAgent");
    await deploy.locator(".opblock-summary-control").click();
    await deploy.locator(".try-out__btn").click();
    await deploy.locator('input[type="file"]').setInputFiles({
      name: "agent.zip",
      mimeType: "application/zip",
      buffer: Buffer.from("PK\u0003\u0004 not a gzipped tar"),
    });
    await deploy.locator(".execute").click();
    const answer = deploy.locator(".live-responses-table .response");
    expect(await answer.locator(".response-col_status").textContent()).toContain("415");
    expect(await answer.locator(".response-col_description").textContent()).toContain("ARCHIVE_NOT_GZIP");
    // The browser itself reports an answer of 4xx on the console.
    expect(docs.problems).toEqual([expect.stringContaining("415")]);
  });
});
