import { expect, test } from "bun:test";

import { eventually } from "../helpers/eventually.ts";
import { createSlowCallers } from "../helpers/slow-callers.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

const isLong = Bun.env["OKEN_TEST_LONG"] === "yes";

const CALLERS = 2_000;
const HOLD_MS = 60_000;
const PAUSE_MS = 20;
const SETTLE_MS = 60_000;

/** The most that a hundredth of the normal invokes may take longer than, milliseconds. */
const P99_MS = 100;

/** Answers with as many letters as it is asked for. */
const LETTERS = {
  "oken.toml": '[agent]\nname = "Letters"\n',
  "main.py": "def handler(input):\n    return 'x' * input.get('letters', 10)\n",
};

/** Agents that share the WebSockets: each is one of an agent's requests, of which it has a thousand at most. */
const SHARES = 4;

/** Takes WebSockets and requests, and needs no package. */
const SOCKETS = {
  "oken.toml": `[agent]\nname = "Sockets"\nentrypoint = "main:app"\nconcurrency = ${CALLERS / SHARES + 100}\n`,
  "main.py": `async def app(scope, receive, send):
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
    elif scope["type"] == "http":
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": b"{}"})
`,
};

const request = (path: string, ...headers: string[]) =>
  `${["POST", "GET"][headers[0]?.startsWith("Upgrade") ? 1 : 0]} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers.map((header) => `${header}\r\n`).join("")}`;

const READING = '{"input":{"letters":60000}}';

/** What a slow caller says at once, and then a byte every few seconds; and the agent that it troubles. */
const KINDS = {
  headers: { agent: "letters", says: () => `${request("/invoke/letters")}X-Slow: `, adds: "a" },
  "a body": {
    agent: "letters",
    says: () => `${request("/invoke/letters", "Content-Length: 1000")}\r\n{`,
    adds: " ",
  },
  "a large body": {
    agent: "letters",
    says: () => `${request("/invoke/letters", "Content-Length: 9000000")}\r\n{`,
    adds: " ",
  },
  "reading an answer": {
    agent: "letters",
    says: () => `${request("/invoke/letters", `Content-Length: ${READING.length}`)}\r\n${READING}`,
    adds: undefined,
  },
  "a WebSocket": {
    agent: "sockets0",
    says: (caller: number) =>
      `${request(`/invoke/sockets${caller % SHARES}/`, "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")}\r\n`,
    adds: "\u0081",
    waits: true,
  },
} as const;

test.if(isLong).each(Object.entries(KINDS))(
  `${CALLERS} callers that are slow with %s do not slow down a normal invoke, of the same agent too`,
  async (kind, { agent, ...does }) => {
    await using runner = await startRunner();
    await runner.deploy("letters", LETTERS);
    await runner.deploy("other", LETTERS);
    if (agent === "sockets0")
      for (let share = 0; share < SHARES; share += 1) await runner.deploy(`sockets${share}`, SOCKETS);
    const paths = ["/invoke/other", agent === "letters" ? "/invoke/letters" : "/invoke/sockets0/x"];
    for (const path of paths) await measure(runner, path, 500);
    await using callers = await createSlowCallers({ url: runner.url, count: CALLERS, ...does });
    // What the callers asked for at once is real work, and over soon.
    await eventually(async () => {
      const metrics = await (await fetch(`${runner.url}/metrics`)).text();
      const sockets = Number(/^oken_websockets_open (\d+)$/m.exec(metrics)?.[1]);
      const inFlight = Number(/^oken_invokes_in_flight (\d+)$/m.exec(metrics)?.[1]);
      expect({ sockets, inFlight }).toEqual({
        sockets: inFlight,
        inFlight: agent === "sockets0" ? CALLERS : 0,
      });
    }, SETTLE_MS);
    const [other = [], same = []] = await Promise.all(paths.map((path) => measure(runner, path, HOLD_MS)));
    const figures = {
      kind,
      open: callers.open(),
      other: { p50: quantile(other, 0.5), p99: quantile(other, 0.99) },
      same: { p50: quantile(same, 0.5), p99: quantile(same, 0.99) },
    };
    process.stderr.write(`${JSON.stringify(figures)}\n`);
    expect(figures.other.p99).toBeLessThan(P99_MS);
    expect(figures.same.p99).toBeLessThan(P99_MS);
  },
);

/** Milliseconds of each normal invoke, one after the other. */
async function measure(runner: TestRunner, path: string, forMs: number): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + forMs;
  while (performance.now() < end) {
    const since = performance.now();
    const { status } = await runner.request("POST", path, { body: '{"input":{}}' });
    expect(status).toBe(200);
    times.push(performance.now() - since);
    await Bun.sleep(PAUSE_MS);
  }
  return times;
}

function quantile(times: number[], part: number): number {
  const found = times.toSorted((one, other) => one - other)[Math.floor(times.length * part)];
  return Math.round((found ?? Number.NaN) * 10) / 10;
}
