import { join } from "node:path";
import { type Browser, type Page, chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** Names that tests give to the loopback: agents' own, and those of other sites. */
const NAMES_OF_LOOPBACK = ["*.localhost", "*.evil.test"].map((name) => `MAP ${name} 127.0.0.1`);

/** No other name resolves, and nothing is fetched on the browser's own account. */
const OPTIONS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  `--host-resolver-rules=${NAMES_OF_LOOPBACK.join(", ")}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`,
];

/** How long anything on a page may take, milliseconds: on a busy machine one click has taken half a minute. */
const TIMEOUT_MS = 90_000;

/** The machine's own browser, undefined without one. */
export function findBrowser(): string | undefined {
  return NAMES.map((name) => Bun.which(name)).find((path) => path !== null) ?? undefined;
}

export function launchBrowser(executable: string): Promise<Browser> {
  return chromium.launch({
    executablePath: join(import.meta.dir, "without-netlink.py"),
    env: { ...process.env, OKEN_TEST_BROWSER: executable },
    args: OPTIONS,
    timeout: TIMEOUT_MS,
  });
}

/** What the browser says of a request under way that a reload, another page or the end of a stream makes needless. */
const GIVEN_UP = "net::ERR_ABORTED";

export type WatchedPage = {
  page: Page;
  /** Errors on the console (a broken content security policy is one), failed requests, and requests to anyone else. */
  problems: string[];
  [Symbol.asyncDispose](): Promise<void>;
};

/** A page that may ask `origins` and nobody else. */
export async function openPage(browser: Browser, ...origins: string[]): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 1600 } });
  context.setDefaultTimeout(TIMEOUT_MS);
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("requestfailed", (request) => {
    const error = request.failure()?.errorText;
    if (error !== GIVEN_UP) problems.push(`failed: ${request.url()}: ${error}`);
  });
  await context.route("**", async (route) => {
    const { origin: asked } = new URL(route.request().url());
    if (origins.includes(asked)) return route.continue();
    problems.push(`asked ${asked}`);
    return route.abort();
  });
  return { page, problems, [Symbol.asyncDispose]: () => context.close() };
}
