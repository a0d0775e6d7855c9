import { afterAll, beforeAll, expect, test } from "bun:test";

import { docker } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";
import { call } from "../helpers/socket-proxy.ts";

let runner: TestRunner;
beforeAll(async () => {
  runner = await startRunner({ OKEN_CLEANUP_INTERVAL: "0.1" });
});
afterAll(() => runner[Symbol.asyncDispose]());

/** FastAPI alone: the runtime brings the server that speaks WebSocket. */
const chat = (version: string, toml = "") => ({
  "oken.toml": `name = "Chat"\n${toml}`,
  "requirements.txt": "fastapi\n",
  "main.py": `import asyncio
import os

from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse

app = FastAPI()


@app.websocket("/chat/{room}")
async def chat(socket: WebSocket, room: str, name: str = ""):
    offered = socket.scope["subprotocols"]
    await socket.accept(subprotocol="v2" if "v2" in offered else None)
    await socket.send_json({"version": "${version}", "room": room, "name": name, "cookie": socket.cookies.get("a")})
    try:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                print("left with", message.get("code"))
                return
            if message.get("text") == "later":
                await asyncio.sleep(2.5)
            if message.get("text") == "close":
                return await socket.close(4002, "as you wish")
            if message.get("text") is not None:
                await socket.send_text(message["text"])
            else:
                await socket.send_bytes(message["bytes"])
    except WebSocketDisconnect:
        pass


@app.websocket("/members")
async def members(socket: WebSocket):
    await socket.send_denial_response(JSONResponse({"why": "members only"}, 402))
`,
});

const open = (id: string, path: string, protocols: string[] = [], headers = {}) =>
  call(`${runner.url.replace("http", "ws")}/invoke/${id}/${path}`, protocols, { headers });

const statusOf = async (id: string) => (await runner.request("GET", `/agents/${id}`)).body["status"];

test("a WebSocket wakes its agent, keeps it awake, and carries everything both ways", async () => {
  await runner.deploy("chat", chat("1", "warm_timeout = 1\n"));
  await eventually(async () => expect(await statusOf("chat")).toBe("idle"));
  using caller = open("chat", "chat/a%20room?name=Ada%20L", ["v1", "v2"], { cookie: "a=b" });
  expect(JSON.parse(String(await caller.next()))).toEqual({
    version: "1",
    room: "a room",
    name: "Ada L",
    cookie: "b",
  });
  expect(caller.socket.protocol).toBe("v2");
  for (const message of ["Grüße 🔑", Buffer.from([0, 255, 1]), "x".repeat(300_000)]) {
    caller.socket.send(message);
    expect(await caller.next()).toEqual(message);
  }
  caller.socket.send("later");
  expect(await caller.next()).toBe("later");
  expect(await statusOf("chat")).toBe("running");
  caller.socket.send("close");
  expect(await caller.closed).toEqual({ code: 4002, reason: "as you wish" });
  await eventually(async () => expect(await statusOf("chat")).toBe("idle"));
});

test("a refusal comes with the agent's status and body, and callers who leave are seen to leave", async () => {
  await runner.deploy("refusing", chat("1"));
  using stranger = open("refusing", "members");
  const response = await stranger.refused;
  expect(response.statusCode).toBe(402);
  expect(Buffer.concat(await Array.fromAsync(response)).toString()).toBe('{"why":"members only"}');
  using nowhere = open("refusing", "no/such/socket");
  expect((await nowhere.refused).statusCode).toBe(403);

  using caller = open("refusing", "chat/a");
  await caller.next();
  caller.socket.close(4003, "bye");
  await eventually(async () =>
    expect((await runner.request("GET", "/logs/refusing")).body["logs"]).toContain("left with 4003"),
  );
});

test("a redeploy leaves a WebSocket where it is until the agent's timeout, new ones get the new version", async () => {
  await runner.deploy("replaced", chat("1", "timeout = 3\n"));
  using old = open("replaced", "chat/a");
  expect(String(await old.next())).toContain('"version":"1"');
  await runner.deploy("replaced", chat("2", "timeout = 3\n"));
  using fresh = open("replaced", "chat/a");
  expect(String(await fresh.next())).toContain('"version":"2"');
  old.socket.send("still served");
  expect(await old.next()).toBe("still served");
  expect(await old.closed).toEqual({ code: 1012, reason: "A newer version of the agent was deployed." });
  fresh.socket.send("served");
  expect(await fresh.next()).toBe("served");
});

test("an agent that dies closes with 1011 and says how it died, one that is stopped with 1001", async () => {
  await runner.deploy("mortal", chat("1"));
  using first = open("mortal", "chat/a");
  await first.next();
  const container = (await runner.containers("mortal"))[0];
  await docker(["kill", String(container)]);
  const { code, reason } = await first.closed;
  expect(code).toBe(1011);
  expect(reason).toStartWith("Agent mortal ");
  await eventually(async () => expect(await statusOf("mortal")).toBe("idle"));

  using second = open("mortal", "chat/a");
  await second.next();
  await runner.request("POST", "/stop/mortal");
  expect(await second.closed).toEqual({ code: 1001, reason: "The agent was stopped." });
});

test("a runner that ends closes with 1001", async () => {
  await runner.deploy("ended", chat("1"));
  using caller = open("ended", "chat/a");
  await caller.next();
  expect(await runner.kill("SIGTERM")).toBe(0);
  expect(await caller.closed).toEqual({ code: 1001, reason: "The runner is shutting down." });
  await runner.restart();
});
