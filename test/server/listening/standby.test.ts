import { expect, test } from "bun:test";
import { closeSync } from "node:fs";
import { join } from "node:path";

import { leaveDescriptors, openDescriptorBox } from "../../../src/lib/descriptors.ts";
import { openSocketAt } from "../../../src/server/listening/open-socket.ts";
import { serveStandby } from "../../../src/server/listening/standby.ts";
import { StartError } from "../../../src/lib/start-error.ts";
import { scratchDirectory } from "../../fixtures/archives/scratch.ts";

const LISTEN = { host: "127.0.0.1", port: 0, socket: undefined, tls: undefined };

test("a runner that waits answers everybody with who serves, and says so to probes", async () => {
  let why = "This runner is starting.";
  await using server = await serveStandby(LISTEN, () => why);
  why = "standby: process 7 on n1 is active, at http://10.0.0.11:8000.";
  const health = await fetch(`http://127.0.0.1:${server.port}/health`);
  expect(health.status).toBe(503);
  expect(await health.json()).toEqual({ status: "degraded", agents_running: 0, checks: { standby: why } });
  const invoke = await fetch(`http://127.0.0.1:${server.port}/invoke/echo`, { method: "POST", body: "{}" });
  expect({ status: invoke.status, retryAfter: invoke.headers.get("retry-after") }).toEqual({
    ...{ status: 503, retryAfter: "5" },
  });
  expect(await invoke.json()).toEqual({ error: why, code: "ENGINE_UNAVAILABLE" });
});

test("a port that is taken ends the start with a sentence", async () => {
  await using server = await serveStandby(LISTEN, () => "");
  await expect(serveStandby({ ...LISTEN, port: server.port }, () => "")).rejects.toThrow(StartError);
});

test("it leaves its port at once", async () => {
  const server = await serveStandby(LISTEN, () => "");
  await server[Symbol.asyncDispose]();
  await using next = await serveStandby({ ...LISTEN, port: server.port }, () => "");
  expect(next.port).toBe(server.port);
});

test("on a socket that a service manager holds it answers too, and leaves it to who listens next", async () => {
  await using held = await holdSocket();
  const ask = () => fetch(`http://127.0.0.1:${held.port}/agents`, { keepalive: false });
  for (const why of ["standby: process 7 on n1 is active.", "This runner is starting."]) {
    // Nobody accepts it yet.
    const waiting = ask();
    await using server = await serveStandby(LISTEN, () => why, held);
    expect(await (await waiting).json()).toEqual({ error: why, code: "ENGINE_UNAVAILABLE" });
    await server[Symbol.asyncDispose]();
  }
});

/** A socket that is open and on which nobody listens, as systemd passes one. */
async function holdSocket() {
  const scratch = await scratchDirectory();
  const before = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("before") });
  const port = before.port ?? 0;
  const own = await openSocketAt({ port });
  const box = await openDescriptorBox(join(scratch.path(), "box"));
  await leaveDescriptors(join(scratch.path(), "box"), [own?.fd ?? -1]);
  const [fd = -1] = box.take() ?? [];
  await own?.leave();
  return {
    ...{ fd, port },
    async [Symbol.asyncDispose]() {
      closeSync(fd);
      await before.stop(true);
      box[Symbol.dispose]();
      await scratch[Symbol.asyncDispose]();
    },
  };
}
