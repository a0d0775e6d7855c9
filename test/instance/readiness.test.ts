import { describe, expect, test } from "bun:test";

import { type Exits, createExits } from "../../src/instance/exits.ts";
import { type Readiness, createReadiness } from "../../src/instance/readiness.ts";
import { systemClock } from "../../src/lib/clock.ts";
import type { ContainerState } from "../../src/docker/types.ts";
import { messageOf } from "../../src/lib/errors.ts";
import { eventually } from "../helpers/eventually.ts";
import { answering, startRawServer } from "../helpers/raw-server.ts";

const CONTAINER = { id: "c1", name: "oken-echo-v1", address: "127.0.0.1" };

const STOPPED: ContainerState = {
  ...CONTAINER,
  running: false,
  exitCode: 3,
  oomKilled: false,
  paused: false,
  startedAt: "2026-01-01T00:00:00Z",
  identity: undefined,
};

const RUNNING: ContainerState = { ...STOPPED, running: true };

const portOf = ({ origin }: { origin: string }) => Number(new URL(origin).port);

/** A runtime that answers its health with these, the last one again and again. */
function runtime(...answers: object[]) {
  const server = Bun.serve({
    port: 0,
    fetch: () => Response.json((answers.length > 1 ? answers.shift() : answers[0]) ?? {}),
  });
  return { port: server.port ?? 0, [Symbol.asyncDispose]: () => server.stop(true) };
}

/** A port that nothing listens on. */
async function closedPort(): Promise<number> {
  const server = Bun.serve({ port: 0, fetch: () => new Response() });
  await server.stop(true);
  return server.port ?? 0;
}

function start(options: Partial<Readiness> & { state?: ContainerState; exits?: Exits }) {
  const { state, exits = createExits(systemClock), ...rest } = options;
  const asked: string[] = [];
  const waitUntilReady = createReadiness({
    engine: {
      async inspectContainer(name) {
        asked.push(name);
        return state;
      },
    },
    exits,
    clock: systemClock,
  });
  const waiting = waitUntilReady({
    agentId: "echo",
    container: CONTAINER,
    controlPort: 1,
    startedAt: systemClock.monotonic(),
    timeoutMs: 10_000,
    signal: new AbortController().signal,
    ...rest,
  });
  return { waiting, exits, asked };
}

test("an agent is ready when its runtime says so, and the engine is not asked", async () => {
  await using answers = runtime({ state: "starting" }, { state: "starting" }, { state: "ready" });
  const { waiting, asked } = start({ controlPort: answers.port });
  await waiting;
  expect(asked).toEqual([]);
});

test("what a start waits for too long is told once, while it goes on", async () => {
  const silent = { state: "starting", trouble: "it says nothing" };
  const elsewhere = { state: "starting", trouble: "it listens elsewhere" };
  await using answers = runtime({ state: "starting" }, silent, silent, elsewhere, { state: "ready" });
  const told: string[] = [];
  await start({ controlPort: answers.port, onTrouble: (trouble) => told.push(trouble) }).waiting;
  expect(told).toEqual(["it says nothing", "it listens elsewhere"]);
});

test("a runtime that waits with its answer until the agent has started is asked once", async () => {
  const asked: (string | null)[] = [];
  const server = Bun.serve({
    port: 0,
    async fetch({ headers }) {
      asked.push(headers.get("prefer"));
      await Bun.sleep(200);
      return Response.json({ state: "ready" });
    },
  });
  try {
    await start({ controlPort: server.port ?? 0 }).waiting;
    expect(asked).toEqual(["wait=1"]);
  } finally {
    await server.stop(true);
  }
});

test("an agent that says it cannot serve is not waited for", async () => {
  await using answers = runtime({ state: "failed", reason: "import_error", message: "no module x" });
  const { waiting } = start({ controlPort: answers.port });
  await expect(waiting).rejects.toMatchObject({
    code: "AGENT_START_FAILED",
    message: "Agent echo did not start: no module x",
    details: { reason: "import_error" },
  });
});

test("a container whose death the engine tells is not waited for, and asked for once", async () => {
  const { waiting, exits, asked } = start({ controlPort: await closedPort(), state: STOPPED });
  exits.record(CONTAINER.id);
  await expect(waiting).rejects.toMatchObject({
    message: "Agent echo did not start: it exited with code 3",
    details: { reason: "exited" },
  });
  expect(asked).toEqual([CONTAINER.name]);
});

describe("the agent's code can answer in place of its runtime", () => {
  const failed = { state: "failed", reason: "import_error", message: "x".repeat(60_000) };
  const timesOut = { details: { reason: "timeout" }, message: expect.stringContaining("nothing answers") };

  test("its redirect is not followed", async () => {
    let asked = 0;
    await using inside = Bun.serve({
      port: 0,
      fetch: () => {
        asked += 1;
        return Response.json({ state: "ready" });
      },
    });
    await using away = await startRawServer(
      answering(
        `HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:${inside.port}/\r\nContent-Length: 0\r\n\r\n`,
      ),
    );
    const { waiting } = start({ controlPort: portOf(away), timeoutMs: 100, state: RUNNING });
    await expect(waiting).rejects.toMatchObject(timesOut);
    expect(asked).toBe(0);
  });

  test("a long sentence of it is cut", async () => {
    await using answers = runtime(failed);
    const { waiting } = start({ controlPort: answers.port });
    const error = await waiting.catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: "AGENT_START_FAILED", details: { reason: "import_error" } });
    expect(messageOf(error).length).toBeLessThan(5_000);
  });

  test.each<[string, Record<string, string>, (text: string) => Buffer]>([
    ["longer than a runtime's", {}, (text) => Buffer.from(text)],
    [
      "packed, and would unpack to more",
      { "Content-Encoding": "gzip" },
      (text) => Buffer.from(Bun.gzipSync(text)),
    ],
  ])("an answer that is %s is none", async (_, headers, encode) => {
    const body = encode(JSON.stringify({ ...failed, message: "x".repeat(20_000_000) }));
    await using answers = Bun.serve({ port: 0, fetch: () => new Response(body, { headers }) });
    const { waiting } = start({ controlPort: answers.port ?? 0, timeoutMs: 100, state: RUNNING });
    await expect(waiting).rejects.toMatchObject(timesOut);
  });

  test("a body without an end is not read on", async () => {
    let sent = 0;
    const chunk = "x".repeat(1024 * 1024);
    await using endless = await startRawServer((socket) => {
      const more = () => {
        while (socket.writable && socket.write(chunk)) sent += 1;
      };
      socket.on("drain", more);
      socket.once("data", () => {
        socket.write(
          "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n",
        );
        more();
      });
    });
    const { waiting } = start({ controlPort: portOf(endless), timeoutMs: 300, state: RUNNING });
    await expect(waiting).rejects.toMatchObject(timesOut);
    await eventually(() => expect(endless.open()).toBe(0));
    // Each probe takes what the sockets' buffers hold.
    expect(sent).toBeLessThan(16 * endless.connections());
  });
});

describe("a start that an operator ends is no fault of the agent", () => {
  test.each<[string, ContainerState | undefined]>([
    ["was stopped", { ...STOPPED, exitCode: 137 }],
    ["was removed", undefined],
    ["was removed", { ...STOPPED, id: "c2", running: true }],
    ["lost its network", { ...STOPPED, running: true, address: "" }],
    ["was paused", { ...STOPPED, running: true, paused: true }],
  ])("its container %s", async (what, state) => {
    const { waiting, exits } = start({ controlPort: await closedPort(), ...(state && { state }) });
    exits.recordSignal(CONTAINER.id);
    exits.record(CONTAINER.id);
    await expect(waiting).rejects.toMatchObject({
      code: "CONTAINER_ERROR",
      message: `Agent echo did not start: its container ${what} from outside the runner.`,
    });
  });
});

test("a container that was killed for memory says so", async () => {
  const state = { ...STOPPED, exitCode: 137, oomKilled: true };
  const { waiting, exits } = start({ controlPort: await closedPort(), state });
  exits.record(CONTAINER.id);
  await expect(waiting).rejects.toMatchObject({ details: { reason: "oom" } });
});

test("a death before this start says nothing of it", async () => {
  const exits = createExits(systemClock);
  exits.record(CONTAINER.id);
  const { waiting, asked } = start({
    controlPort: await closedPort(),
    exits,
    timeoutMs: 100,
    state: STOPPED,
  });
  await expect(waiting).rejects.toMatchObject({ details: { reason: "timeout" } });
  expect(asked).toEqual([]);
});

test("a container whose death no event told is found out", async () => {
  const { waiting } = start({ controlPort: await closedPort(), state: STOPPED });
  await expect(waiting).rejects.toMatchObject({ details: { reason: "exited" } });
});

test("an agent that does not become ready in time is told what is known of it", async () => {
  await using answers = runtime({ state: "starting", reason: "wrong_port", message: "it listens on 9000" });
  const { waiting } = start({ controlPort: answers.port, timeoutMs: 50 });
  await expect(waiting).rejects.toMatchObject({
    message: "Agent echo did not start: not ready after 0.05 s: it listens on 9000",
    details: { reason: "wrong_port" },
  });
});

test("a wait that is aborted ends with the signal's reason", async () => {
  const aborting = new AbortController();
  const { waiting } = start({ controlPort: await closedPort(), signal: aborting.signal });
  const reason = new Error("enough");
  aborting.abort(reason);
  await expect(waiting).rejects.toBe(reason);
});
