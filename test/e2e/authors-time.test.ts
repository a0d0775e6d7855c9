import { afterAll, beforeAll, expect, test } from "bun:test";

import { eventually } from "../helpers/eventually.ts";
import { MEASURED } from "../helpers/measured.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";
import { readEvents } from "../helpers/sse.ts";

let runner: TestRunner;
beforeAll(async () => {
  runner = await startRunner();
});
afterAll(() => runner[Symbol.asyncDispose]());

const agent = (source: string, toml = "") => ({ "oken.toml": `name = "Time"\n${toml}`, "main.py": source });

const logOf = async (id: string) =>
  String((await runner.request("GET", `/logs/${id}`)).body["logs"]).split("\n");

/** An invoke whose answer is read as it comes. */
const open = (id: string, { accept, signal }: { accept: string; signal?: AbortSignal }) =>
  fetch(`${runner.url}/invoke/${id}`, {
    method: "POST",
    headers: { accept },
    body: JSON.stringify({ input: null }),
    ...(signal && { signal }),
  });

test.each([
  ["sync", "import time\n\ndef handler(input):\n    time.sleep(1)\n    return input\n"],
  ["async", "import asyncio\n\nasync def handler(input):\n    await asyncio.sleep(1)\n    return input\n"],
])(
  "ten invokes that sleep for a second take less than two together: %s",
  async (id, source) => {
    await runner.deploy(id, agent(source));
    const start = performance.now();
    const inputs = Array.from({ length: 10 }, (_, index) => index);
    const answers = await Promise.all(inputs.map((input) => runner.invoke(id, input)));
    expect(answers.map(({ body }) => body.output)).toEqual(inputs);
    expect(performance.now() - start).toBeLessThan(2_000);
  },
  MEASURED,
);

test("an agent of concurrency 1 has one request inside at a time", async () => {
  const source = `import time

inside = []


def handler(input):
    inside.append(input)
    time.sleep(0.05)
    together = len(inside)
    inside.remove(input)
    return together
`;
  await runner.deploy("serial", agent(source, "concurrency = 1\n"));
  const answers = await Promise.all([1, 2, 3, 4, 5].map((input) => runner.invoke("serial", input)));
  expect(answers.map(({ body }) => body.output)).toEqual([1, 1, 1, 1, 1]);
});

test.each([
  [
    "leaves-async",
    "import asyncio\n\nasync def handler(input):\n    print('started')\n    try:\n        await asyncio.sleep(3600)\n    finally:\n        print('cancelled')\n",
    "",
  ],
  [
    "leaves-sync",
    "import time\n\ndef handler(input):\n    print('started')\n    try:\n        while True:\n            time.sleep(0.01)\n    finally:\n        print('cancelled')\n",
    "",
  ],
  [
    "leaves-single",
    "import time\n\ndef handler(input):\n    print('started')\n    try:\n        time.sleep(3600)\n    finally:\n        print('cancelled')\n",
    "concurrency = 1\n",
  ],
  [
    "leaves-context",
    "def handler(input, context):\n    print('started')\n    context.wait_cancelled(3600)\n    print('cancelled' if context.cancelled else 'no')\n",
    "",
  ],
])("a caller who leaves ends the work: %s", async (id, source, toml) => {
  await runner.deploy(id, agent(source, toml));
  const leaving = new AbortController();
  const answer = open(id, { accept: "*/*", signal: leaving.signal });
  await eventually(async () => expect(await logOf(id)).toContain("started"));
  leaving.abort();
  await answer.catch(() => undefined);
  await eventually(async () => expect(await logOf(id)).toContain("cancelled"));
});

/** Holds its slot for as long as its process lives: until the runtime replaces that, some seconds after the cancel. */
const STICKS = `import signal
import socket


def handler(input):
    if input == "stick":
        print("began")
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        near, far = socket.socketpair()
        near.recv(1)
    return "answered"
`;

/** Leaves code behind that does not stop. */
async function leaveStuck(id: string): Promise<void> {
  const leaving = new AbortController();
  const answer = fetch(`${runner.url}/invoke/${id}`, {
    method: "POST",
    body: JSON.stringify({ input: "stick" }),
    signal: leaving.signal,
  });
  await eventually(async () => expect(await logOf(id)).toContain("began"));
  leaving.abort();
  await answer.catch(() => undefined);
}

test("a wait behind code that does not stop is no part of an invoke's timeout", async () => {
  await runner.deploy("behind", agent(STICKS, "concurrency = 1\ntimeout = 1\n"));
  await leaveStuck("behind");
  expect((await runner.invoke("behind", "ask")).body.output).toBe("answered");
});

test("a reader who leaves a stream ends its generator", async () => {
  const source =
    "import asyncio\n\nasync def handler(input):\n    try:\n        while True:\n            yield 'item'\n            await asyncio.sleep(0.01)\n    finally:\n        print('closed')\n";
  await runner.deploy("reader", agent(source));
  const leaving = new AbortController();
  const response = await open("reader", { accept: "text/event-stream", signal: leaving.signal });
  for await (const event of readEvents(response)) if (event.id === 3) break;
  leaving.abort();
  await eventually(async () => expect(await logOf("reader")).toContain("closed"));
});

/** Yields one item, and the next only when the first has been received. */
const WAITS = `import asyncio

received = asyncio.Event()


async def items():
    yield "first"
    await received.wait()
    yield "second"
`;

test("items of a handler leave as they are yielded", async () => {
  const source = `${WAITS}

async def handler(input):
    if input == "received":
        received.set()
        return
    async for item in items():
        yield item
`;
  await runner.deploy("items", agent(source));
  const response = await open("items", { accept: "text/event-stream" });
  const events: string[] = [];
  for await (const { event, data } of readEvents(response)) {
    events.push(`${event} ${data}`);
    if (events.length === 1) await runner.invoke("items", "received");
  }
  expect(events).toEqual(['data "first"', 'data "second"', 'done {"items":2}']);
});

test("the body of an http agent's answer leaves as it is sent", async () => {
  const source = `${WAITS}

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    path = scope["path"].removeprefix(scope["root_path"])
    if path == "/received":
        received.set()
    elif path == "/stream":
        async for item in items():
            await send({"type": "http.response.body", "body": item.encode(), "more_body": True})
    await send({"type": "http.response.body", "body": b""})
`;
  await runner.deploy("body", agent(source));
  const response = await fetch(`${runner.url}/invoke/body/stream`);
  const pieces: string[] = [];
  for await (const chunk of response.body ?? new ReadableStream<Uint8Array>()) {
    pieces.push(new TextDecoder().decode(chunk));
    if (pieces.length === 1) await runner.request("GET", "/invoke/body/received");
  }
  expect(pieces).toEqual(["first", "second"]);
});

test("the request of each log line is known beside its plain text", async () => {
  const source =
    "import asyncio\n\nasync def handler(input):\n    print(input, 'one')\n    await asyncio.sleep(0.05)\n    print(input, 'two')\n";
  await runner.deploy("tagged", agent(source));
  await Promise.all(
    ["a", "b"].map((input) => runner.invoke("tagged", input, { headers: { "x-request-id": `id-${input}` } })),
  );
  await eventually(async () => {
    expect((await logOf("tagged")).filter(Boolean).toSorted()).toEqual(["a one", "a two", "b one", "b two"]);
  });
});

test("a wait behind code that does not stop ends as any wait for a turn does", async () => {
  await runner.kill("SIGTERM");
  await runner.restart({ OKEN_QUEUE_TIMEOUT: "1" });
  await runner.deploy("turns", agent(STICKS, "concurrency = 1\n"));
  await leaveStuck("turns");
  const response = await fetch(`${runner.url}/invoke/turns`, {
    method: "POST",
    body: JSON.stringify({ input: "ask" }),
  });
  expect(response.status).toBe(429);
  expect(await response.json()).toMatchObject({
    code: "AGENT_BUSY",
    error: expect.stringContaining("no turn came within 1 s"),
  });
  expect(Number(response.headers.get("retry-after"))).toBeWithin(1, 4);
});
