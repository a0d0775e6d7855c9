import { expect, test } from "bun:test";
import { join } from "node:path";

import { Webhook } from "standardwebhooks";

import { createFeed } from "../../src/agents/feed.ts";
import { loadConfig } from "../../src/config/load.ts";
import { startWebhooks } from "../../src/daemon/webhooks.ts";
import { systemClock as clock } from "../../src/lib/clock.ts";
import { createLog } from "../../src/lib/log.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { eventually } from "../helpers/eventually.ts";
import { temporaryTree } from "../helpers/tree.ts";

const FIRST = Buffer.from("a".repeat(32)).toString("base64");
const SECOND = Buffer.from("b".repeat(32)).toString("base64");
const EVENT = { type: "deployment.finished", agent_id: "echo", deployment: 1 } as const;
const END = { state: "succeeded", version: 1, error: null } as const;

test("a file that is read again signs what comes next; one that is not valid leaves the secret there was", async () => {
  const received: { headers: Record<string, string>; body: string }[] = [];
  await using server = Bun.serve({
    ...{ hostname: "127.0.0.1", port: 0 },
    async fetch(request) {
      received.push({ headers: request.headers.toJSON(), body: await request.text() });
      return new Response(null, { status: 204 });
    },
  });
  await using tree = await temporaryTree({ secret: `whsec_${FIRST}\n` });
  const file = join(tree.path, "secret");
  const config = loadConfig({
    OKEN_DATA_DIR: tree.path,
    OKEN_WEBHOOK_URL: server.url.href,
    OKEN_WEBHOOK_SECRET_FILE: file,
  });
  const parts = { feed: createFeed(clock), clock, log: createLog({ level: "silent", format: "json" }) };
  const closing = new AbortController();
  await using webhooks = await startWebhooks(config, { ...parts, metrics: createMetrics() }, closing.signal);
  const isSignedWith = async (secret: string, number: number) => {
    parts.feed.tell({ ...EVENT, ...END });
    await eventually(() => expect(received).toHaveLength(number));
    const { headers, body } = received[number - 1] ?? { headers: {}, body: "" };
    expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
  };

  await isSignedWith(FIRST, 1);
  await Bun.write(file, `whsec_${SECOND}\n`);
  await webhooks.reread();
  await isSignedWith(SECOND, 2);
  await Bun.write(file, "none\n");
  await expect(webhooks.reread()).rejects.toThrow("OKEN_WEBHOOK_SECRET_FILE");
  await isSignedWith(SECOND, 3);
  closing.abort();
});

test("where nobody is told any more, what an earlier runner has left is removed", async () => {
  await using tree = await temporaryTree({ "webhooks/msg_0.json": "{}" });
  const log = createLog({ level: "silent", format: "json" });
  const parts = { feed: createFeed(clock), clock, log, metrics: createMetrics() };
  const config = loadConfig({ OKEN_DATA_DIR: tree.path });
  await using _ = await startWebhooks(config, parts, AbortSignal.abort());
  expect(await Bun.file(join(tree.path, "webhooks/msg_0.json")).exists()).toBe(false);
});
