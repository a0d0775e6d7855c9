import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Server } from "bun";

import type { Entrypoint } from "../../../src/model/entrypoint.ts";
import { agentIn, instanceOf, versionRecord } from "../../helpers/records.ts";
import { startRawAgent } from "../../helpers/raw-http.ts";
import { startServer } from "../../helpers/server.ts";
import { call } from "../../helpers/socket-proxy.ts";

const COOKIES = [
  "plain=1",
  "root=1; Path=/; HttpOnly",
  "deep=1; Path=/deep; Domain=agents.example",
  "wide=1; domain=.agents.example; Secure",
];

/** An application that redirects to its own address, and tells what it was sent. */
let upstream: Server<{ headers: Headers }>;
beforeAll(() => {
  upstream = Bun.serve({
    port: 0,
    fetch(request, server) {
      const { headers, url } = request;
      if (server.upgrade(request, { data: { headers } })) return undefined;
      const { pathname, search } = new URL(url);
      const answer = Response.json({ target: pathname + search, headers });
      answer.headers.set("location", `${upstream.url.origin}/next`);
      for (const cookie of COOKIES) answer.headers.append("set-cookie", cookie);
      return answer;
    },
    websocket: {
      open: (socket) => void socket.send(JSON.stringify(socket.data.headers)),
      message: () => undefined,
    },
  });
});
afterAll(() => upstream.stop(true));

const DOMAIN = { OKEN_AGENT_DOMAIN: "agents.example" };

function startWith(env: Record<string, string> = {}, type: Entrypoint["type"] = "http") {
  const version = versionRecord(1);
  const entrypoint = { ...version.entrypoint, type };
  const instance = instanceOf({ ...version, entrypoint }, { origin: upstream.url.origin });
  return startServer(agentIn("running", { instance }), { ...DOMAIN, ...env });
}

type Told = { target: string; headers: Record<string, string> };

type Init = { method?: string; body?: string; headers?: Record<string, string> };

const ask = (url: string, init: Init = {}, host = "echo.agents.example") =>
  fetch(url, { redirect: "manual", ...init, headers: { host, ...init.headers } });

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the upstream above answers
const told = async (response: Response) => (await response.json()) as Told;

test("an application at its own origin has no prefix, and its answer is as it sent it", async () => {
  await using server = await startWith();
  const host = `echo.agents.example:${server.port}`;
  const response = await ask(`${server.url}/deploy?x=/y`, { method: "POST", body: "{}" }, host);
  expect(response.headers.get("location")).toBe(`http://${host}/next`);
  expect(response.headers.has("content-security-policy")).toBe(false);
  const { target, headers } = await told(response);
  expect(target).toBe("/deploy?x=/y");
  expect(headers).toMatchObject({ "x-forwarded-host": host, "x-forwarded-proto": "http" });
  expect(headers).not.toHaveProperty(["x-forwarded-prefix"]);
});

test("the path of the public URL is not an agent's, its scheme is", async () => {
  await using server = await startWith({ OKEN_PUBLIC_URL: "https://runner.example/team" });
  const response = await ask(`${server.url}/`);
  expect(response.headers.get("location")).toBe("https://echo.agents.example/next");
  const { headers } = await told(response);
  expect(headers).toMatchObject({ "x-forwarded-host": "echo.agents.example", "x-forwarded-proto": "https" });
  expect(headers).not.toHaveProperty(["x-forwarded-prefix"]);
});

test("cookies are for that origin alone", async () => {
  await using server = await startWith();
  expect((await ask(`${server.url}/`)).headers.getSetCookie()).toEqual([
    "plain=1",
    "root=1; HttpOnly; Path=/",
    "deep=1; Path=/deep",
    "wide=1; Secure",
  ]);
});

test("WebSockets are the application's own too, for its own pages", async () => {
  await using server = await startWith();
  const host = `echo.agents.example:${server.port}`;
  using caller = call(`${server.socketUrl}/chat`, [], { headers: { host, origin: `http://${host}` } });
  const headers: unknown = JSON.parse(String(await caller.next()));
  expect(headers).toMatchObject({ "x-forwarded-host": host });
  expect(headers).not.toHaveProperty(["x-forwarded-prefix"]);
});

test("a token is needed there as well, also on paths that are open at the API's origin", async () => {
  const token = "a-token-of-more-than-sixteen-characters";
  await using server = await startWith({ OKEN_API_TOKEN: token });
  for (const path of ["/", "/health", "/docs", "/openapi.json"])
    expect((await ask(server.url + path)).status).toBe(401);
  expect((await ask(`${server.url}/`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
});

test("the log and the metrics have it as the agent's", async () => {
  await using server = await startWith();
  await ask(`${server.url}/agents`);
  expect(server.lines.at(-1)).toMatchObject({ agent_id: "echo", path: "/invoke/echo/agents", status: 200 });
});

test("another agent's host has nothing", async () => {
  await using server = await startWith();
  const response = await ask(`${server.url}/`, {}, "other.agents.example");
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ code: "AGENT_NOT_FOUND" });
});

test("a handler has no paths there either", async () => {
  await using server = await startWith({}, "handler");
  expect(await (await ask(`${server.url}/x`)).json()).toMatchObject({ code: "NOT_FOUND" });
});

test("at the API's origin its answer is still sandboxed, however its path is written", async () => {
  await using agent = await startRawAgent(DOMAIN);
  const paths = [
    "/invoke/echo/",
    "/invoke/%65cho/x",
    "/x/../invoke/echo/x",
    "/%2e/invoke/echo/x",
    "/invoke\\echo\\x",
    "/%69nvoke/echo/x",
    "//invoke/echo/x",
    "/INVOKE/echo/x",
    "/invoke;x/echo/x",
    "/invoke%2Fecho/x",
    "/invoke/echo%2Fx",
  ];
  const answers = paths.map((path) =>
    agent.send(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`),
  );
  const served = (await Promise.all(answers)).filter((answer) => answer.endsWith("\r\n\r\nok"));
  expect(served).toHaveLength(5);
  for (const answer of served) expect(answer).toMatch(/^content-security-policy: sandbox allow-downloads/im);
});

test.each([
  ["http://127.0.0.1/agents?x", "/agents?x"],
  ["//agents", "//agents"],
  ["/../agents", "/agents"],
  ["/invoke/echo/../../agents", "/agents"],
  ["/#/agents", "/"],
  ["/invoke/echo", "/"],
])("a target of %s at an agent's host is never the API's", async (sent, received) => {
  await using agent = await startRawAgent(DOMAIN);
  const answer = await agent.send(
    `GET ${sent} HTTP/1.1\r\nHost: echo.agents.example\r\nConnection: close\r\n\r\n`,
  );
  expect(answer).toEndWith("\r\n\r\nok");
  expect(agent.requests.map(({ line }) => line)).toEqual([`GET ${received} HTTP/1.1`]);
});
