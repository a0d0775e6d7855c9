import { describe, expect, test } from "bun:test";

import type { Visit } from "../../../src/server/callers/callers.ts";
import { labelOf } from "../../../src/server/callers/agent-label.ts";
import { callersOf } from "../../helpers/callers.ts";

type Fields = Record<string, string>;
type Env = Record<string, string>;

const EVIL = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
const SANDBOXED = { origin: "null", "sec-fetch-site": "cross-site" };
const APP = { origin: "https://app.example", "sec-fetch-site": "cross-site" };
const OWN = { origin: "http://127.0.0.1:8000", "sec-fetch-site": "same-origin" };

/** `POST /deploy` with these headers, called by `127.0.0.1:8000` if they do not say else. */
function visit(line: string, headers: Fields = {}, env: Env = {}): Visit & { url: string } {
  const [method = "", target = ""] = line.split(" ");
  const all = { host: "127.0.0.1:8000", ...headers };
  const request = new Request(`http://localhost${target}`, { method, headers: all });
  return { ...callersOf(env, ["My_Agent"]).receive(request, () => "127.0.0.1"), url: request.url };
}

const at = (host: string) => ({ host });

/** The headers of an answer that had `given`. */
function marked({ mark }: Visit, given: Fields = {}): Fields {
  const answer = new Headers(given);
  mark(answer);
  return Object.fromEntries(answer);
}

const FORBIDDEN = expect.objectContaining({ code: "FORBIDDEN", status: 403 });

describe("a page of another site", () => {
  test.each([
    "POST /deploy",
    "POST /stop/echo",
    "POST /start/echo",
    "POST /rollback/echo",
    "DELETE /agents/echo",
    "DELETE /agents/echo/deployments/1",
    "POST /invoke/echo",
    "PUT /invoke/echo/items/1",
    "POST /nothing",
  ])("may not %s, sandboxed or not", (line) => {
    expect(visit(line, EVIL).refusal).toEqual(FORBIDDEN);
    expect(visit(line, SANDBOXED).refusal).toEqual(FORBIDDEN);
    expect(visit(line, { origin: "https://evil.example" }).refusal).toEqual(FORBIDDEN);
    expect(visit(line, { "sec-fetch-site": "same-site" }).refusal).toEqual(FORBIDDEN);
  });

  test.each([
    "GET /events",
    "HEAD /events?after=a-1",
    "GET /logs/echo?follow=true",
    "GET /logs/echo?tail=1&follow=1",
  ])("may not take a place among those who %s", (line) => {
    for (const page of [EVIL, SANDBOXED, { "sec-fetch-site": "same-site" }])
      expect(visit(line, page).refusal).toEqual(FORBIDDEN);
    for (const page of [{}, OWN]) expect(visit(line, page).refusal).toBeUndefined();
  });

  test("may link to a log, and to an agent's own paths of that name", () => {
    const link = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
    expect(visit("GET /logs/echo?tail=5", link).refusal).toBeUndefined();
    expect(visit("GET /invoke/echo/events?follow=1", link).refusal).toBeUndefined();
  });

  test("may not open a WebSocket", () => {
    const upgrade = { upgrade: "websocket", connection: "upgrade" };
    expect(visit("GET /invoke/echo/chat", { ...upgrade, origin: "null" }).refusal).toEqual(FORBIDDEN);
    expect(visit("GET /invoke/echo/chat", { ...upgrade, ...EVIL }).refusal).toEqual(FORBIDDEN);
    const own = { ...upgrade, origin: OWN.origin };
    expect(visit("GET /invoke/echo/chat", own).refusal).toBeUndefined();
    expect(visit("GET /invoke/echo/chat", upgrade).refusal).toBeUndefined();
  });

  test("may not ask whether it may", () => {
    const asks = { "access-control-request-method": "POST" };
    expect(visit("OPTIONS /deploy", { ...EVIL, ...asks }).refusal).toEqual(FORBIDDEN);
    expect(visit("OPTIONS /invoke/echo", { ...EVIL, ...asks }).refusal).toEqual(FORBIDDEN);
  });

  test("may link to pages and show their images: it cannot read them", () => {
    const link = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
    expect(visit("GET /invoke/echo/", link).refusal).toBeUndefined();
    expect(visit("GET /agents", { "sec-fetch-site": "cross-site" }).refusal).toBeUndefined();
    expect(visit("OPTIONS /invoke/echo/", EVIL).refusal).toBeUndefined();
  });

  test("is told who may", () => {
    expect(visit("POST /invoke/echo", EVIL).refusal).toHaveProperty(
      "message",
      'A page of another site (Origin: "https://evil.example") may not do this. OKEN_CORS_ORIGINS names the origins that may invoke.',
    );
    expect(visit("POST /invoke/echo", SANDBOXED).refusal).toHaveProperty(
      "message",
      'A page of another site (Origin: "null") may not do this. An agent\'s own pages may if it has an origin of its own: see OKEN_AGENT_DOMAIN.',
    );
    expect(visit("POST /deploy", { "sec-fetch-site": "cross-site" }).refusal).toHaveProperty(
      "message",
      "A page of another site may not do this. OKEN_CORS_ORIGINS names the origins that may invoke.",
    );
  });
});

test.each([{}, OWN, { "sec-fetch-site": "none" }, { origin: OWN.origin }])(
  "a program, and a page of the API such as Swagger UI, may do all: %j",
  (headers) => {
    for (const line of ["POST /deploy", "DELETE /agents/echo", "POST /invoke/echo", "GET /docs"]) {
      expect(visit(line, headers)).not.toHaveProperty("refusal");
      expect(visit(line, headers)).not.toHaveProperty("answer");
    }
  },
);

test("a page of the public URL may do all behind a proxy that tells nothing of it", () => {
  const page = { origin: "https://runner.example" };
  const env = { OKEN_PUBLIC_URL: "https://runner.example/team" };
  expect(visit("POST /stop/echo", page, env).refusal).toBeUndefined();
  expect(visit("POST /stop/echo", page).refusal).toEqual(FORBIDDEN);
});

describe("what an agent answers", () => {
  const SANDBOX = /^sandbox( allow-(?!same-origin|top-navigation( |$))[a-z-]+)+$/;

  test.each(["POST /invoke/echo", "GET /invoke/echo/page", "PUT /invoke/echo/x"])(
    "to %s has an origin that nobody shares, and is what it says it is",
    (line) => {
      expect(marked(visit(line))).toMatchObject({
        "content-security-policy": expect.stringMatching(SANDBOX),
        "x-content-type-options": "nosniff",
      });
    },
  );

  test("keeps its own policy beside ours", () => {
    const policy = marked(visit("GET /invoke/echo/"), {
      "content-security-policy": "sandbox allow-same-origin allow-scripts",
    })["content-security-policy"];
    expect(policy).toMatch(/^sandbox allow-same-origin allow-scripts, sandbox allow-downloads /);
  });

  test("lets no other site read it, and says that it depends on who asks", () => {
    const open = { "access-control-allow-origin": "*", "access-control-allow-credentials": "true" };
    for (const page of [{}, EVIL, SANDBOXED]) {
      const answer = marked(visit("GET /invoke/echo/", page), { ...open, vary: "accept" });
      expect(answer).not.toHaveProperty(["access-control-allow-origin"]);
      expect(answer).not.toHaveProperty(["access-control-allow-credentials"]);
      expect(answer["vary"]).toBe("accept, Origin");
    }
  });

  test("of the API itself is no page of an agent", () => {
    expect(marked(visit("GET /agents"))).toEqual({ "x-content-type-options": "nosniff" });
  });
});

describe("a listed origin", () => {
  const LISTED = { OKEN_CORS_ORIGINS: "https://app.example, http://localhost:3000/" };

  test("may invoke and read the answer, without cookies", () => {
    const called = visit("POST /invoke/echo", APP, LISTED);
    expect(called.refusal).toBeUndefined();
    const open = { "access-control-allow-origin": "*", "access-control-allow-credentials": "true" };
    expect(marked(called, open)).toMatchObject({
      "access-control-allow-origin": "https://app.example",
      "access-control-expose-headers": "*",
      vary: "Origin",
    });
    expect(marked(called, open)).not.toHaveProperty(["access-control-allow-credentials"]);
    expect(visit("POST /invoke/echo", { origin: "http://localhost:3000" }, LISTED).refusal).toBeUndefined();
  });

  test("may open a WebSocket of an agent", () => {
    const upgrade = { upgrade: "websocket", origin: "https://app.example" };
    expect(visit("GET /invoke/echo/chat", upgrade, LISTED).refusal).toBeUndefined();
  });

  test("may do nothing else", () => {
    expect(visit("POST /deploy", APP, LISTED).refusal).toEqual(FORBIDDEN);
    expect(visit("DELETE /agents/echo", APP, LISTED).refusal).toEqual(FORBIDDEN);
    expect(marked(visit("GET /agents", APP, LISTED))).not.toHaveProperty(["access-control-allow-origin"]);
  });

  test("is told before it calls that it may, whatever the agent would say", () => {
    const asks = {
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type,authorization, b@d",
    };
    const { answer, mark } = visit("OPTIONS /invoke/echo", { ...APP, ...asks }, LISTED);
    mark(answer?.headers ?? new Headers());
    expect(answer?.status).toBe(204);
    expect(Object.fromEntries(answer?.headers ?? [])).toMatchObject({
      "access-control-allow-origin": "https://app.example",
      "access-control-allow-methods": "POST",
      "access-control-allow-headers": "content-type, authorization",
      "access-control-max-age": "600",
      vary: "Access-Control-Request-Method, Access-Control-Request-Headers, Origin",
    });
  });

  test("stays listed at an agent's own origin", () => {
    const env = { ...LISTED, OKEN_AGENT_DOMAIN: "agents.example" };
    const called = visit("POST /x", { ...APP, host: "echo.agents.example" }, env);
    expect(called.refusal).toBeUndefined();
    expect(marked(called)).toMatchObject({ "access-control-allow-origin": "https://app.example" });
  });
});

describe("with a domain for agents", () => {
  const DOMAIN = { OKEN_AGENT_DOMAIN: "agents.example" };

  test.each([
    ["GET /", "echo.agents.example", "/invoke/echo/"],
    ["GET /a/b?c=/d#e", "ECHO.agents.example.:8000", "/invoke/echo/a/b?c=/d"],
    ["POST /deploy", "echo.agents.example", "/invoke/echo/deploy"],
    ["GET /docs", "echo.agents.example", "/invoke/echo/docs"],
    ["GET /invoke/other/x", "echo.agents.example", "/invoke/echo/invoke/other/x"],
    ["GET /invoke/echo/x", "echo.agents.example", "/invoke/echo/x"],
    ["GET /invoke/echo?x", "echo.agents.example", "/invoke/echo/?x"],
    ["GET /invoke/echoes/x", "echo.agents.example", "/invoke/echo/invoke/echoes/x"],
    ["GET /x", `${labelOf("My_Agent")}.agents.example`, "/invoke/My_Agent/x"],
  ])("%s at %s is the agent's %s", (line, host, target) => {
    const { path, url, refusal } = visit(line, at(host), DOMAIN);
    expect(refusal).toBeUndefined();
    expect(path).toBe(target.replace(/\?.*/, ""));
    expect(url).toBe(`http://localhost${target}`);
  });

  test.each([
    "a.b.agents.example",
    "my_agent.agents.example",
    `${labelOf("Nobody")}.agents.example`,
    "echo.agents.example:99999",
  ])("there is nothing at %s, not even the API", (host) => {
    expect(visit("GET /agents", at(host), DOMAIN).refusal).toMatchObject({
      code: "AGENT_NOT_FOUND",
      message: `There is no agent at "${host}".`,
    });
  });

  test("an agent at its own origin is not sandboxed, and its pages may call it", () => {
    const own = { host: "echo.agents.example:8000", origin: "http://echo.agents.example:8000" };
    const called = visit("POST /x", own, DOMAIN);
    expect(called.refusal).toBeUndefined();
    expect(marked(called, { "content-security-policy": "default-src *" })).toMatchObject({
      "content-security-policy": "default-src *",
    });
    expect(marked(visit("GET /x", at("echo.agents.example"), DOMAIN))).toEqual({ vary: "Origin" });
  });

  test("pages of one agent call neither another nor the API", () => {
    const page = { origin: "http://one.agents.example:8000", "sec-fetch-site": "same-site" };
    const host = "two.agents.example:8000";
    expect(visit("POST /x", { ...page, host }, DOMAIN).refusal).toEqual(FORBIDDEN);
    expect(visit("GET /x", { origin: page.origin, host, upgrade: "websocket" }, DOMAIN).refusal).toEqual(
      FORBIDDEN,
    );
    expect(visit("POST /stop/two", page, DOMAIN).refusal).toEqual(FORBIDDEN);
    expect(visit("POST /invoke/two", page, DOMAIN).refusal).toEqual(FORBIDDEN);
  });

  test("the domain itself is no agent's", () => {
    expect(visit("GET /agents", at("agents.example"), DOMAIN).refusal).toEqual(FORBIDDEN);
    const env = { ...DOMAIN, OKEN_ALLOWED_HOSTS: "agents.example" };
    expect(visit("GET /agents", at("agents.example"), env)).not.toHaveProperty("refusal");
  });

  test("a trusted proxy's word on the host counts", () => {
    const headers = { host: "upstream", "x-forwarded-host": "echo.agents.example" };
    const env = { ...DOMAIN, OKEN_TRUSTED_PROXIES: "127.0.0.1" };
    expect(visit("GET /x", headers, env).path).toBe("/invoke/echo/x");
    expect(visit("GET /x", { ...headers, host: "127.0.0.1" }, DOMAIN).path).toBe("/x");
  });

  describe("a browser that asks the API for an agent's page", () => {
    const page = { "sec-fetch-mode": "navigate", "sec-fetch-site": "none" };
    const goes = (line: string, headers: Fields = {}, env: Env = DOMAIN) =>
      visit(line, { ...page, ...headers }, env).answer;

    test.each<[string, Fields, Env, string]>([
      ["/invoke/echo/a?b=c", {}, {}, "http://echo.agents.example:8000/a?b=c"],
      ["/invoke/echo", {}, {}, "http://echo.agents.example:8000/"],
      ["/invoke/echo?b", {}, {}, "http://echo.agents.example:8000/?b"],
      ["/invoke/echo//evil.example", {}, {}, "http://echo.agents.example:8000//evil.example"],
      ["/invoke/My_Agent/", {}, {}, `http://${labelOf("My_Agent")}.agents.example:8000/`],
      ["/invoke/echo/", { host: "[::1]:8000" }, {}, "http://echo.agents.example:8000/"],
      ["/invoke/echo/", { host: "127.0.0.1" }, {}, "http://echo.agents.example/"],
      ["/invoke/echo/", {}, { OKEN_AGENT_DOMAIN: "localhost" }, "http://echo.localhost:8000/"],
      [
        "/invoke/echo/",
        { host: "runner.example" },
        { OKEN_PUBLIC_URL: "https://runner.example/" },
        "https://echo.agents.example/",
      ],
    ])("is sent from %s to its own origin (%j, %j)", (target, headers, env, location) => {
      const answer = goes(`GET ${target}`, headers, { ...DOMAIN, ...env });
      expect(answer?.status).toBe(307);
      expect(answer?.headers.get("location")).toBe(location);
      expect(answer?.headers.get("vary")).toBe("Sec-Fetch-Mode, Upgrade-Insecure-Requests");
    });

    test("is known by what it sends on a network without TLS", () => {
      const headers = { host: "192.168.1.5:8000", "upgrade-insecure-requests": "1" };
      const { answer } = visit("GET /invoke/echo/", headers, DOMAIN);
      expect(answer?.headers.get("location")).toBe("http://echo.agents.example:8000/");
      const script = visit("GET /invoke/echo/", { ...headers, "sec-fetch-mode": "cors" }, DOMAIN);
      expect(script.answer).toBeUndefined();
    });

    test.each<[string, Fields, Env]>([
      ["POST /invoke/echo/x", {}, DOMAIN],
      ["GET /invoke/echo/x", { "sec-fetch-mode": "cors" }, DOMAIN],
      ["GET /docs", {}, DOMAIN],
      ["GET /agents/echo", {}, DOMAIN],
      ["GET /invoke/b@d/", {}, DOMAIN],
      ["GET /invoke/echo/x", {}, {}],
      ["GET /x", { host: "echo.agents.example" }, DOMAIN],
      ["GET /invoke/echo/x", { host: "192.168.1.5:8000" }, { OKEN_AGENT_DOMAIN: "localhost" }],
    ])("is not sent away from %s (%j, %j)", (line, headers, env) => {
      expect(goes(line, headers, env)).toBeUndefined();
    });
  });
});
