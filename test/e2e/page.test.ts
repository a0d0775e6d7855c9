import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import axeCore from "axe-core";
import type { Browser, Page } from "playwright-core";

import { findBrowser, launchBrowser, openPage } from "../helpers/browser.ts";
import { startCuttingProxy } from "../helpers/cutting-proxy.ts";
import { eventually } from "../helpers/eventually.ts";
import { MEASURED, barNow } from "../helpers/measured.ts";
import { startPageApi } from "../helpers/page-api.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

const executable = findBrowser();
if (executable === undefined) console.warn("skipped: the page in a browser; there is no Chromium on PATH");

const TOKEN = "a-token-of-the-page-that-is-long-enough";
const MAX_BYTES = 300 * 1024;
const AGENTS = 200;

/** On the loopback, of a browser that has nothing else to do. */
const FIRST_PAINT_MS = 300;

const AGENT = {
  "oken.toml": 'name = "From the page"\n',
  "main.py": `import logging
import time

def handler(input):
    print("asked for", input.get("name"))
    logging.getLogger("agent").warning("a warning for %s", input.get("name"))
    if input.get("files"):
        return [file["name"] for file in input["files"]]
    return items() if input.get("stream") else {"hello": input.get("name")}

def items():
    for number in range(4):
        yield {"number": number}
        time.sleep(0.05)
`,
  ".env": "SECRET=not-to-be-sent\n",
  ".gitignore": "left-here/\n",
  "left-here/large.txt": "x",
};

let browser: Browser;
beforeAll(async () => {
  if (executable !== undefined) browser = await launchBrowser(executable);
});
afterAll(async () => {
  await browser?.close();
});

/** Rules of accessibility that the page breaks, with the places. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axeCore.source);
  return page.evaluate<string[]>(
    `axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => id + ": " + nodes.map(({ target }) => target.join(" ")).join(", ")))`,
  );
}

/** Opens what a view shows only when asked, such as the contents of each deployment. */
async function openDetails(page: Page): Promise<void> {
  const closed = page.locator("details:not([open]) > summary");
  while ((await closed.count()) > 0) await closed.first().click();
  for (const opened of await page.locator(".deployment").all()) await opened.locator(".phases").waitFor();
}

function firstPaint(page: Page): Promise<number> {
  return page.evaluate<number>('performance.getEntriesByName("first-contentful-paint")[0].startTime');
}

/** How much of what was seen has moved by itself. */
function layoutShift(page: Page): Promise<number> {
  return page.evaluate<number>(`new Promise((resolve) => {
    const observer = new PerformanceObserver(() => undefined);
    observer.observe({ type: "layout-shift", buffered: true });
    requestAnimationFrame(() => requestAnimationFrame(() =>
      resolve(observer.takeRecords().reduce((sum, { value }) => sum + value, 0))));
  })`);
}

describe.skipIf(executable === undefined)(`with ${AGENTS} agents,`, () => {
  test(
    "the page is small, paints at once, shifts nothing and keeps up with events",
    async () => {
      using api = startPageApi(AGENTS);
      await using opened = await openPage(browser, api.url);
      const { page, problems } = opened;
      const sizes: Promise<number>[] = [];
      page.on("response", (response) => {
        if (/\/(page\/.*)?$/.test(new URL(response.url()).pathname))
          sizes.push(response.body().then((body) => body.length));
      });
      await page.goto(`${api.url}/`);
      await page.waitForSelector("tbody tr .spark-line");
      expect(await page.locator("tbody tr").count()).toBe(AGENTS);
      const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
      expect(bytes).toBeGreaterThan(0);
      expect(bytes).toBeLessThan(MAX_BYTES);

      expect(await layoutShift(page)).toBe(0);
      const paints: number[] = [];
      for (let look = 0; look < 3; look += 1) {
        await page.reload();
        await page.waitForSelector("tbody tr .spark-line");
        paints.push(await firstPaint(page));
      }
      expect(Math.min(...paints)).toBeLessThan(await barNow(FIRST_PAINT_MS));
      expect(await layoutShift(page)).toBe(0);

      const last = Array.from({ length: AGENTS }, () => api.change()).at(-1);
      const row = page.locator("tbody tr", { has: page.locator(`a[title="${last?.id}"]`) });
      await eventually(async () => expect(await row.locator(".state").innerText()).toBe(last?.status ?? ""));

      await page.keyboard.press("/");
      await page.keyboard.type("agent-19");
      await eventually(async () => expect(await page.locator("tbody tr").count()).toBe(11));
      expect(problems).toEqual([]);
    },
    MEASURED,
  );

  test("axe finds nothing serious in any view, in either theme, nor on a phone", async () => {
    using api = startPageApi(12);
    await using opened = await openPage(browser, api.url);
    const { page } = opened;
    const found: string[] = [];
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      for (const [view, place] of [
        ["agents", "tbody tr .spark-line"],
        ["agents/web-search", ".charts canvas"],
        ["agents/web-search/invoke", "#input"],
        ["agents/web-search/logs", ".level-critical"],
        ["agents/web-search/deployments", ".deployment .output"],
        ["deploy", ".drop"],
        ["host", "meter"],
      ]) {
        await page.goto(`${api.url}/#/${view}`);
        await page.waitForSelector(place ?? "");
        await openDetails(page);
        for (const rule of await violations(page)) found.push(`${view}, ${colorScheme}: ${rule}`);
      }
    }
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`${api.url}/#/agents`);
    await page.waitForSelector("tbody tr .spark-line");
    for (const rule of await violations(page)) found.push(`phone: ${rule}`);
    const overflow = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
    expect(found).toEqual([]);
    expect(overflow).toBeLessThanOrEqual(0);
  });

  test("the reader's own theme is kept", async () => {
    using api = startPageApi(1);
    await using opened = await openPage(browser, api.url);
    const { page } = opened;
    await page.goto(`${api.url}/`);
    const chosen = () => page.evaluate<string>("document.documentElement.dataset.theme");
    const themes = [await chosen()];
    for (const _ of ["light", "dark"]) {
      await page.locator(".theme").click();
      themes.push(await chosen());
    }
    await page.reload();
    themes.push(await chosen());
    expect(themes).toEqual(["auto", "light", "dark", "dark"]);
  });
});

describe.skipIf(executable === undefined)("without a terminal,", () => {
  let runner: TestRunner;
  let folder: string;
  beforeAll(async () => {
    folder = join(await mkdtemp(join(tmpdir(), "oken-page-")), "page-agent");
    for (const [path, text] of Object.entries(AGENT)) await Bun.write(join(folder, path), text);
    runner = await startRunner({ OKEN_API_TOKEN: TOKEN });
  });
  afterAll(async () => {
    await runner?.[Symbol.asyncDispose]();
    await rm(join(folder, ".."), { recursive: true, force: true });
  });

  test("a folder is deployed, called, looked at, rolled back and removed", async () => {
    await using opened = await openPage(browser, runner.url);
    const { page, problems } = opened;
    await page.goto(`${runner.url}/`);
    await page.getByLabel("Token", { exact: true }).fill(TOKEN);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText("No agents yet").waitFor();

    const deploy = async () => {
      await page.goto(`${runner.url}/#/deploy`);
      await page.getByLabel("Folder").setInputFiles(folder);
      expect(await page.getByLabel("Agent id").inputValue()).toBe("page-agent");
      await page.getByLabel("Secrets", { exact: true }).fill('API_KEY="a secret"\n# none\n');
      await page.getByRole("button", { name: "Deploy", exact: true }).click();
    };
    await deploy();
    await page.getByText("Version 1 serves").waitFor();
    await page.getByRole("link", { name: "Invoke it" }).click();

    await page.getByLabel("Input, JSON").fill('{"name": "Ada"}');
    await page.getByRole("button", { name: "Send" }).click();
    const answer = page.getByLabel("Answer");
    await answer.getByText('"hello": "Ada"').waitFor();
    await page.getByLabel("Input, JSON").fill('{"stream": true}');
    await page.getByLabel("Input, JSON").press("Control+Enter");
    await answer.getByText("4 items").waitFor();
    await page.getByLabel("Input, JSON").fill("{}");
    await page
      .getByLabel("Files")
      .setInputFiles({ name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("hi") });
    await page.getByRole("button", { name: "Send" }).click();
    await answer.getByText('"a.txt"').waitFor();

    await page.getByRole("link", { name: "Logs" }).click();
    const lines = page.locator(".line-text");
    await lines.getByText("asked for Ada").waitFor();
    await page.getByLabel("Level").selectOption("warning");
    await eventually(async () =>
      expect((await lines.allInnerTexts()).every((text) => text.startsWith("a warning for"))).toBe(true),
    );
    // With its space it is in no request id, which is looked at too.
    await page.getByLabel("Search in the log").fill("FOR ADA");
    await eventually(async () => expect(await lines.allInnerTexts()).toEqual(["a warning for Ada"]));

    await Bun.write(join(folder, "main.py"), `${AGENT["main.py"]}\n# another\n`);
    await deploy();
    await page.getByText("Version 2 serves").waitFor();
    await page.goto(`${runner.url}/#/agents/page-agent/deployments`);
    await page.getByText("Deployment 2").waitFor();
    await page.locator(".deployment .phases .done").last().waitFor();

    await page.getByRole("link", { name: "Overview" }).click();
    await page.getByRole("button", { name: "Roll back" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Roll back" }).click();
    await page.getByText("rolled back to version 1").waitFor();
    await page.getByText("version 1", { exact: true }).waitFor();
    const { body } = await runner.request("GET", "/agents/page-agent", {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    expect(body).toMatchObject({ version: 1, status: "running" });

    const tree = join(runner.dataDir, "agents/page-agent/versions/1");
    const sent = await Array.fromAsync(new Bun.Glob("**/*").scan({ cwd: tree, dot: true }));
    expect(sent.filter((path) => path.endsWith("main.py"))).toHaveLength(1);
    expect(sent.filter((path) => /\.env$|left-here/.test(path))).toEqual([]);

    await page.getByRole("button", { name: "Remove" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await page.getByText("No agents yet").waitFor();
    // The browser itself reports the answer that asked for the token, and what it asked about an agent as that went.
    expect(problems.filter((text) => !/\b40[14]\b/.test(text))).toEqual([]);
  });

  test("a deploy whose connection is lost is taken up again", async () => {
    using proxy = await startCuttingProxy(runner.url, '"phase":"received"');
    await using opened = await openPage(browser, proxy.url);
    const { page } = opened;
    await page.goto(`${proxy.url}/#/deploy`);
    await page.getByLabel("Token", { exact: true }).fill(TOKEN);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByLabel("Folder").setInputFiles(folder);
    await page.getByLabel("Agent id").fill("page-lost");
    await page.getByRole("button", { name: "Deploy", exact: true }).click();
    await page.getByText("Version 1 serves").waitFor();
    expect(proxy.cuts()).toBe(1);
    expect(await page.getByText("The connection was lost").count()).toBe(0);
    await runner.request("DELETE", "/agents/page-lost", { headers: { authorization: `Bearer ${TOKEN}` } });
  });

  test("a first deploy that fails says why, and is found again", async () => {
    await using opened = await openPage(browser, runner.url);
    const { page } = opened;
    await page.goto(`${runner.url}/#/agents/broken/deployments`);
    await page.getByLabel("Token", { exact: true }).fill("a-token-that-is-not-known-here");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText("The last token was not accepted.").waitFor();
    await page.getByLabel("Token", { exact: true }).fill(TOKEN);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText('There is no agent "broken".').first().waitFor();
    await page.goto(`${runner.url}/#/deploy`);
    await page.getByLabel("Archive").setInputFiles({
      name: "broken.tar.gz",
      mimeType: "application/gzip",
      buffer: Buffer.from("no gzip"),
    });
    await page.getByRole("button", { name: "Deploy", exact: true }).click();
    await page.getByText("ARCHIVE_NOT_GZIP").waitFor();
  });
});
