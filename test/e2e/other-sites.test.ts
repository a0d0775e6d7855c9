import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser } from "playwright-core";

import * as attacks from "../fixtures/browser/attacks.ts";
import { findBrowser, launchBrowser, openPage } from "../helpers/browser.ts";
import { eventually } from "../helpers/eventually.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";
import { tarball } from "../helpers/tarball.ts";

const executable = findBrowser();
if (executable === undefined) console.warn("skipped: other sites' pages; there is no Chromium on PATH");

const VICTIM = {
  "oken.toml": 'name = "Victim"\n',
  "main.py": "def handler(input):\n    return input\n",
};

/** A page of an agent's own; its scripts come from the tests. */
const PAGE = {
  "oken.toml": 'name = "Page"\nentrypoint_type = "http"\n',
  "main.py": `from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import os


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"<!doctype html><title>page</title><p>hello"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
`,
};

/** A site of somebody else's: any path is an empty page with the policy that it asks for, or leads away. */
const startSite = () =>
  Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch({ url }) {
      const asked = new URL(url).searchParams;
      const to = asked.get("to");
      if (to !== null) return Response.redirect(to, 307);
      const headers = { "content-type": "text/html", "content-security-policy": asked.get("policy") ?? "" };
      return new Response("<!doctype html><p>site", { headers });
    },
  });

describe.skipIf(executable === undefined)("in a browser,", () => {
  let runner: TestRunner;
  let browser: Browser;
  let site: ReturnType<typeof startSite>;
  let evil: Uint8Array;
  beforeAll(async () => {
    site = startSite();
    [runner, browser] = await Promise.all([startRunner(), launchBrowser(executable ?? "")]);
    evil = await tarball(VICTIM);
    await Promise.all([runner.deploy("victim", VICTIM), runner.deploy("page", PAGE)]);
    await eventually(() => expect(runner.log().filter(({ msg }) => msg === "request")).toHaveLength(2));
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop(true);
    await runner?.[Symbol.asyncDispose]();
  });

  /** A page at `address` that may ask anyone. */
  async function open(address: string) {
    const opened = await openPage(browser);
    await opened.page.unrouteAll();
    await opened.page.context().unrouteAll();
    await opened.page.goto(address);
    return opened;
  }

  /** Waits until the runner has logged these answers since `line`, and no others to what may change something. */
  const expectAnswers = (line: number, answers: string[]) =>
    eventually(() => {
      const requests = runner
        .log()
        .slice(line)
        .filter(({ msg, method }) => msg === "request" && method !== "GET");
      const answered = requests.map(({ method, path, status }) => [method, path, status].join(" "));
      expect([...new Set(answered)].sort()).toEqual(answers.toSorted());
    });

  async function expectUnharmed(): Promise<void> {
    const { body } = await runner.request<{ agents: Record<string, unknown>[] }>("GET", "/agents");
    const states = body.agents.map(({ agent_id, status }) => `${String(agent_id)} ${String(status)}`);
    expect(states.sort()).toEqual(["page running", "victim running"]);
  }

  test("another site's forms neither deploy nor stop", async () => {
    const line = runner.log().length;
    const paths = ["/deploy", "/stop/victim", "/rollback/victim", "/invoke/victim"];
    const home = `http://www.evil.test:${site.port}/`;
    await using opened = await open(home);
    const { page } = opened;
    for (const path of paths) {
      await page.goto(home);
      const answer = page.waitForResponse(runner.url + path);
      await page.evaluate(attacks.postForm(runner.url + path));
      expect((await answer).status()).toBe(403);
      await page.waitForURL(runner.url + path);
    }
    await expectAnswers(
      line,
      paths.map((path) => `POST ${path} 403`),
    );
    await expectUnharmed();
  });

  test.each(["another site", "another port", "a sandboxed frame"])(
    "scripts of %s neither deploy, stop, remove nor invoke",
    async (from) => {
      const line = runner.log().length;
      const host = from === "another port" ? "127.0.0.1" : "www.evil.test";
      await using opened = await open(`http://${host}:${site.port}/`);
      const { page } = opened;
      if (from === "a sandboxed frame") await page.evaluate(attacks.ADD_SANDBOXED_FRAME);
      const frame = page.frames().at(-1) ?? page;
      expect(await frame.evaluate(attacks.attack(runner.url, evil))).toEqual(attacks.REFUSED);
      await expectAnswers(line, attacks.ANSWERS);
      await expectUnharmed();
    },
  );

  test("nor does what a browser sends by itself: beacons, pings, reports, redirects", async () => {
    const line = runner.log().length;
    const at = (path: string) => runner.url + path;
    const home = `http://www.evil.test:${site.port}/`;
    const policy = encodeURIComponent(`img-src 'none'; report-uri ${at("/stop/victim?report")}`);
    await using opened = await open(`${home}?policy=${policy}`);
    await opened.page.evaluate(attacks.BREAK_IMAGE_POLICY);
    await opened.page.evaluate(attacks.sendBeacon(at("/start/victim")));
    await opened.page.evaluate(attacks.ping(at("/rollback/victim")));
    const redirect = `${home}?to=${encodeURIComponent(at("/invoke/victim"))}`;
    const answer = opened.page.waitForResponse(at("/invoke/victim"));
    await opened.page.evaluate(attacks.postForm(redirect));
    expect((await answer).status()).toBe(403);
    await expectAnswers(line, [
      "POST /invoke/victim 403",
      "POST /rollback/victim 403",
      "POST /start/victim 403",
      "POST /stop/victim 403",
    ]);
    await expectUnharmed();
  });

  test("a name that somebody gives to the runner's address reads nothing", async () => {
    const origin = `http://rebound.evil.test:${new URL(runner.url).port}`;
    await using opened = await openPage(browser, origin);
    for (const path of ["/agents", "/logs/victim", "/invoke/page/", "/docs", "/health"]) {
      const response = await opened.page.goto(origin + path);
      expect(response?.status()).toBe(403);
      expect(await response?.json()).toMatchObject({ code: "FORBIDDEN" });
    }
  });

  test("a script on an agent's page reaches neither the API, another agent nor a store of the browser", async () => {
    const line = runner.log().length;
    await using opened = await open(`${runner.url}/invoke/page/`);
    const { page } = opened;
    expect(await page.locator("p").innerText()).toBe("hello");
    expect(await page.evaluate(attacks.attack(runner.url, evil))).toEqual(attacks.REFUSED);
    await expectAnswers(line, attacks.ANSWERS);
    expect(await page.evaluate(attacks.USABLE_STORES)).toBe(0);
    expect(await page.evaluate(attacks.SEES_INTO_FRAME)).toBe(false);
    const answer = page.waitForResponse(`${runner.url}/stop/victim`);
    await page.evaluate(attacks.postForm("/stop/victim"));
    expect((await answer).status()).toBe(403);
    await expectUnharmed();
  });

  test("Swagger UI's own page may", async () => {
    await using opened = await openPage(browser, runner.url);
    await opened.page.goto(`${runner.url}/docs`);
    expect(await opened.page.evaluate(attacks.call("/invoke/victim"))).toEqual([
      200,
      '{"output":{"a":1}}',
      true,
    ]);
  });

  test("a listed origin may invoke and read the answer, and no more", async () => {
    const origin = `http://app.evil.test:${site.port}`;
    await runner.kill("SIGTERM");
    await runner.restart({ OKEN_CORS_ORIGINS: origin });
    await using opened = await open(`${origin}/`);
    const answer = await opened.page.evaluate(attacks.call(`${runner.url}/invoke/victim`));
    expect(answer).toEqual([200, '{"output":{"a":1}}', true]);
    expect(await opened.page.evaluate(attacks.call(`${runner.url}/stop/victim`))).toBe("refused");
    await expectUnharmed();
  });

  test("an agent's page at its own origin has stores, and reaches neither the API nor another agent's", async () => {
    await runner.kill("SIGTERM");
    await runner.restart({ OKEN_AGENT_DOMAIN: "localhost" });
    const { port } = new URL(runner.url);
    await using opened = await open(`${runner.url}/invoke/page/`);
    const { page } = opened;
    expect(page.url()).toBe(`http://page.localhost:${port}/`);
    expect(await page.evaluate(attacks.USABLE_STORES)).toBe(4);
    for (const target of [runner.url, `http://victim.localhost:${port}`])
      expect(await page.evaluate(attacks.attack(target, evil))).toEqual(attacks.REFUSED);
    await expectUnharmed();
  });
});
