import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Server } from "bun";

import type { Entrypoint } from "../../src/model/entrypoint.ts";
import { agentIn, instanceOf, versionRecord } from "../helpers/records.ts";
import { startServer } from "../helpers/server.ts";
import { call } from "../helpers/socket-proxy.ts";

/** Answers the headers that it got, with addresses and cookies of one who knows no prefix. */
let upstream: Server<{ headers: Headers }>;
beforeAll(() => {
  upstream = Bun.serve({
    port: 0,
    fetch(request, server) {
      const { headers } = request;
      const own = { location: "/items/", "set-cookie": "session=1; Path=/" };
      if (server.upgrade(request, { headers: own, data: { headers } })) return undefined;
      return Response.json(headers, { status: 201, headers: own });
    },
    websocket: {
      open: (socket) => void socket.send(JSON.stringify(socket.data.headers)),
      message: () => undefined,
    },
  });
});
afterAll(() => upstream.stop(true));

function agentOf(type: Entrypoint["type"]) {
  const version = versionRecord(1);
  const entrypoint = { ...version.entrypoint, type };
  return agentIn("running", {
    instance: instanceOf({ ...version, entrypoint }, { origin: upstream.url.origin }),
  });
}

const CLAIMS = {
  "X-Forwarded-For": "192.0.2.1",
  "X-Forwarded-Proto": "https",
  "X-Forwarded-Host": "agents.example",
  "X-Forwarded-Prefix": "/team",
};
const TRUSTED = { OKEN_TRUSTED_PROXIES: "127.0.0.0/8", OKEN_ALLOWED_HOSTS: "agents.example" };

type Told = Record<string, string | undefined>;

async function told(response: Response): Promise<Told> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the upstream above answers
  return (await response.json()) as Told;
}

const callHandler = (url: string) => fetch(`${url}/invoke/echo`, { method: "POST", headers: CLAIMS });

describe("an http agent", () => {
  test("is told who called, and its answer comes back below its prefix", async () => {
    await using server = await startServer(agentOf("http"));
    const response = await fetch(`${server.url}/invoke/echo/items`, { headers: CLAIMS });
    expect(response.headers.get("location")).toBe("/invoke/echo/items/");
    expect(response.headers.getSetCookie()).toEqual(["session=1; Path=/invoke/echo"]);
    expect(await told(response)).toMatchObject({
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-proto": "http",
      "x-forwarded-host": `127.0.0.1:${server.port}`,
      "x-forwarded-prefix": "/invoke/echo",
      forwarded: `for=127.0.0.1;host="127.0.0.1:${server.port}";proto=http`,
    });
  });

  test("is told the same by POST /invoke/{id}", async () => {
    await using server = await startServer(agentOf("http"));
    const response = await fetch(`${server.url}/invoke/echo`, { method: "POST", headers: CLAIMS });
    expect(response.headers.getSetCookie()).toEqual(["session=1; Path=/invoke/echo"]);
    expect(await told(response)).toMatchObject({ "x-forwarded-prefix": "/invoke/echo" });
  });

  test("is told what a trusted proxy says", async () => {
    await using server = await startServer(agentOf("http"), TRUSTED);
    const response = await fetch(`${server.url}/invoke/echo/items`, { headers: CLAIMS });
    expect(response.headers.get("location")).toBe("/team/invoke/echo/items/");
    expect(await told(response)).toMatchObject({
      "x-forwarded-for": "192.0.2.1, 127.0.0.1",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "agents.example",
      "x-forwarded-prefix": "/team/invoke/echo",
    });
  });

  test("is told the public URL where there is no proxy", async () => {
    await using server = await startServer(agentOf("http"), {
      OKEN_PUBLIC_URL: "https://agents.example/team",
    });
    const response = await fetch(`${server.url}/invoke/echo/items`);
    expect(await told(response)).toMatchObject({
      "x-forwarded-proto": "https",
      "x-forwarded-host": "agents.example",
      "x-forwarded-prefix": "/team/invoke/echo",
    });
  });

  test("is told the same of a WebSocket, whose cookies stay with it too", async () => {
    await using server = await startServer(agentOf("http"));
    using caller = call(`${server.socketUrl}/invoke/echo/chat`, [], { headers: CLAIMS });
    const cookies = Promise.withResolvers<unknown>();
    caller.socket.once("upgrade", ({ headers }) => cookies.resolve(headers["set-cookie"]));
    expect(JSON.parse(String(await caller.next()))).toMatchObject({
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-host": `127.0.0.1:${server.port}`,
      "x-forwarded-prefix": "/invoke/echo",
    });
    expect(await cookies.promise).toEqual(["session=1; Path=/invoke/echo"]);
  });

  test("is told it though the caller names the header in Connection", async () => {
    await using server = await startServer(agentOf("http"));
    const headers = { Connection: "keep-alive, X-Forwarded-For, X-Request-Id" };
    const response = await fetch(`${server.url}/invoke/echo/items`, { headers });
    expect(await told(response)).toMatchObject({ "x-forwarded-for": "127.0.0.1" });
  });
});

describe("a handler", () => {
  test("does not see what a caller says of itself, and its answer stays as it is", async () => {
    await using server = await startServer(agentOf("handler"));
    const response = await callHandler(server.url);
    expect(response.headers.get("location")).toBe("/items/");
    const headers = await told(response);
    expect(Object.keys(headers).filter((name) => name.includes("forwarded"))).toEqual([]);
  });

  test("sees what a trusted proxy says, as it was said", async () => {
    await using server = await startServer(agentOf("handler"), TRUSTED);
    expect(await told(await callHandler(server.url))).toMatchObject({ "x-forwarded-for": "192.0.2.1" });
  });
});
