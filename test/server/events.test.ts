import { expect, test } from "bun:test";

import { createFeed } from "../../src/agents/feed.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { createBareApp } from "../helpers/app.ts";

const feed = createFeed(systemClock);
const app = createBareApp({ agents: { feed }, clock: systemClock });

/** The events of a reader until it has seen `count`, without comments. */
async function read(target: string, count: number, headers: Record<string, string> = {}): Promise<string[]> {
  const response = await app.handle(new Request(`http://localhost${target}`, { headers }));
  expect(response.headers.get("content-type")).toStartWith("text/event-stream");
  let text = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    if (blocksOf(text).length >= count) break;
  }
  return blocksOf(text);
}

const blocksOf = (text: string) => text.split("\n\n").filter((block) => block.startsWith("id:"));

test("events have an id, their type as a name, and JSON as data; with the id a reader goes on", async () => {
  const [reset = ""] = await read("/events", 1);
  expect(reset).toMatch(/^id: \w+-0\nevent: reset\ndata: {"at":"[^"]+"}$/);
  feed.tell({ type: "agent.removed", agent_id: "one" });
  feed.tell({ type: "agent.removed", agent_id: "two" });
  const id = /^id: (\S+)/.exec(reset)?.[1] ?? "";
  const [one = "", two = ""] = await read("/events", 2, { "last-event-id": id });
  expect(one).toContain('event: agent.removed\ndata: {"agent_id":"one","at":"');
  expect(two).toContain('"two"');
  expect((await read(`/events?after=${id}&agent_id=two`, 1))[0]).toBe(two);
});

test("a reader that leaves is let go, and HEAD is none", async () => {
  await app.handle(new Request("http://localhost/events", { method: "HEAD" }));
  expect(feed.readers).toBe(0);
});
