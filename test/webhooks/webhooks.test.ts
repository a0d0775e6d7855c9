import { afterEach, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { Webhook } from "standardwebhooks";

import { createLog } from "../../src/lib/log.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import type { RunnerEvent } from "../../src/model/events.ts";
import { openOutbox } from "../../src/webhooks/outbox.ts";
import { createWebhooks } from "../../src/webhooks/webhooks.ts";
import { eventually } from "../helpers/eventually.ts";
import { createFakeClock } from "../helpers/fake-clock.ts";
import { temporaryTree } from "../helpers/tree.ts";

const SECRETS = ["first-secret-of-32-bytes-exactly", "older-secret-of-32-bytes-exactly"].map((text) =>
  Buffer.from(text),
);

type Received = { headers: Record<string, string>; body: string };

const LOG = createLog({ level: "silent", format: "json" });

const closing: AbortController[] = [];
afterEach(() => {
  for (const controller of closing.splice(0)) controller.abort();
});

/** A receiver that answers with `statuses`, and then 204; and webhooks to it. */
async function fixture(statuses: number[] = []) {
  const received: Received[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      received.push({ headers: request.headers.toJSON(), body: await request.text() });
      const status = statuses.shift() ?? 204;
      const headers = status === 302 ? { location: "/elsewhere" } : undefined;
      return new Response(null, { status, ...(headers && { headers }) });
    },
  });
  const clock = createFakeClock(Date.now());
  const metrics = createMetrics();
  const tree = await temporaryTree();
  const directory = join(tree.path, "webhooks");
  const secrets = { now: SECRETS };
  /** Webhooks of a runner that starts now, on what an earlier one has left. */
  const start = async () => {
    const controller = new AbortController();
    closing.push(controller);
    const outbox = await openOutbox(directory, { log: LOG, clock });
    const webhooks = createWebhooks(
      { url: `http://127.0.0.1:${server.port}/hook`, secrets: () => secrets.now },
      { clock, metrics, log: LOG, outbox, closing: controller.signal },
    );
    return { webhooks, controller };
  };
  return {
    ...{ received, clock, metrics, directory, secrets, start, ...(await start()) },
    async [Symbol.asyncDispose]() {
      await server.stop(true);
      await tree[Symbol.asyncDispose]();
    },
  };
}

function finished(deployment: number): RunnerEvent {
  return {
    ...{
      type: "deployment.finished",
      agent_id: "echo",
      deployment,
      state: "succeeded",
      version: 2,
      error: null,
    },
    at: new Date().toISOString(),
  };
}

test("a message has the form of Standard Webhooks, and a signature of each secret", async () => {
  await using receiver = await fixture();
  receiver.webhooks.tell(finished(7));
  await eventually(() => expect(receiver.received).toHaveLength(1));
  const [{ headers, body } = { headers: {}, body: "" }] = receiver.received;
  expect(JSON.parse(body)).toMatchObject({
    type: "deployment.finished",
    timestamp: expect.stringMatching(/Z$/),
    data: { agent_id: "echo", deployment: 7, state: "succeeded", version: 2 },
  });
  for (const secret of SECRETS) {
    const judge = new Webhook(secret.toString("base64"));
    expect(judge.verify(body, headers)).toEqual(JSON.parse(body));
    expect(() => judge.verify(`${body} `, headers)).toThrow();
  }
});

test("only the ends of deployments and changes of state are told", async () => {
  await using receiver = await fixture();
  const at = new Date().toISOString();
  receiver.webhooks.tell({ type: "deployment.started", agent_id: "echo", deployment: 1, at });
  receiver.webhooks.tell({ type: "host", status: "ok", checks: {}, at });
  receiver.webhooks.tell({
    ...{ type: "agent.state", agent_id: "echo", name: "Echo", version: 1 },
    ...{ status: "running", from: "idle", reason: "a test", at },
  });
  await eventually(() => expect(receiver.received).toHaveLength(1));
  expect(receiver.received[0]?.body).toContain('"agent.state"');
});

test("what was not taken is sent again with the same id, before what came later", async () => {
  await using receiver = await fixture([500, 302]);
  receiver.webhooks.tell(finished(1));
  receiver.webhooks.tell(finished(2));
  // The pause before an attempt begins some time after the answer to the one before.
  await eventually(async () => {
    await receiver.clock.advance(30_000);
    expect(receiver.received).toHaveLength(4);
  });
  const ids = receiver.received.map(({ headers }) => headers["webhook-id"]);
  expect(new Set(ids.slice(0, 3)).size).toBe(1);
  expect(ids[3]).not.toBe(ids[0]);
  expect(await receiver.metrics.text()).toContain('oken_webhooks_total{result="failed"} 2');
});

test("a receiver that is gone is not asked again, and the next message is sent", async () => {
  await using receiver = await fixture([410]);
  receiver.webhooks.tell(finished(1));
  receiver.webhooks.tell(finished(2));
  await eventually(() => expect(receiver.received).toHaveLength(2));
  expect(await receiver.metrics.text()).toContain('oken_webhooks_total{result="given_up"} 1');
});

test("of more than a thousand that wait the oldest are given up", async () => {
  await using receiver = await fixture([500]);
  for (let number = 0; number < 1_005; number += 1) receiver.webhooks.tell(finished(number));
  expect(receiver.webhooks.waiting).toBe(1_000);
  expect(await receiver.metrics.text()).toContain('oken_webhooks_total{result="given_up"} 4');
});

test("what was taken is on disk no longer, and another secret signs from now on", async () => {
  await using receiver = await fixture();
  receiver.webhooks.tell(finished(1));
  await eventually(async () => expect([receiver.received.length, await filesOf(receiver)]).toEqual([1, []]));
  const fresh = Buffer.from("fresh-secret-of-32-bytes-exactly");
  receiver.secrets.now = [fresh];
  receiver.webhooks.tell(finished(2));
  await eventually(() => expect(receiver.received).toHaveLength(2));
  const { headers, body } = receiver.received[1] ?? { headers: {}, body: "" };
  expect(new Webhook(fresh.toString("base64")).verify(body, headers)).toEqual(JSON.parse(body));
});

test("after the end nothing is sent; the next runner begins with what waits, in its order, with the same ids", async () => {
  await using receiver = await fixture([500]);
  receiver.webhooks.tell(finished(1));
  receiver.webhooks.tell(finished(2));
  await eventually(() => expect(receiver.received).toHaveLength(1));
  receiver.controller.abort();
  receiver.webhooks.tell(finished(3));
  await receiver.webhooks.settled();
  const kept = await filesOf(receiver);
  expect(kept).toHaveLength(3);
  expect(receiver.received).toHaveLength(1);

  const { webhooks } = await receiver.start();
  webhooks.tell(finished(4));
  await eventually(async () => expect([receiver.received.length, await filesOf(receiver)]).toEqual([5, []]));
  const ids = receiver.received.map(({ headers }) => headers["webhook-id"] ?? "");
  expect(ids.slice(0, 4)).toEqual([ids[0] ?? "", ...kept.map((name) => name.replace(".json", ""))]);
  expect(ids[0]).toBe(ids[1] ?? "");
  const numbers = receiver.received.map(({ body }) => /"deployment":(\d)/.exec(body)?.[1]);
  expect(numbers.join("")).toBe("11234");
});

test("what a crash has left of a message is removed, and files of messages are their owner's alone", async () => {
  await using receiver = await fixture([500]);
  receiver.webhooks.tell(finished(1));
  await receiver.webhooks.settled();
  const [name = ""] = await filesOf(receiver);
  const path = join(receiver.directory, name);
  expect((await Bun.file(path).stat()).mode & 0o777).toBe(0o600);
  receiver.controller.abort();
  await Bun.write(path, '{"type":');
  await Bun.write(`${path}.new`, "{}");
  const { webhooks } = await receiver.start();
  expect({ waiting: webhooks.waiting, files: await filesOf(receiver) }).toEqual({ waiting: 0, files: [] });
});

async function filesOf({ directory }: { directory: string }): Promise<string[]> {
  return (await readdir(directory)).toSorted();
}
