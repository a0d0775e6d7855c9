import { describe, expect, test } from "bun:test";

import { type Told, createFeed } from "../../src/agents/feed.ts";
import { createFakeClock } from "../helpers/fake-clock.ts";

const removed = (agent_id: string) => ({ type: "agent.removed" as const, agent_id });

/** The next `count` that a reader gets who goes on after `after`. */
async function take(
  feed: ReturnType<typeof createFeed>,
  after: string | undefined,
  count: number,
): Promise<Told[]> {
  const leaving = new AbortController();
  const told: Told[] = [];
  for await (const it of feed.follow(after, leaving.signal)) {
    told.push(it);
    if (told.length === count) break;
  }
  leaving.abort();
  return told;
}

const names = (told: Told[]) => told.map(({ event }) => ("agent_id" in event ? event.agent_id : event.type));

describe("a reader", () => {
  test("that is new begins with `reset`, and with its id gets what comes after", async () => {
    const feed = createFeed(createFakeClock());
    feed.tell(removed("before"));
    const [reset] = await take(feed, undefined, 1);
    expect(reset?.event.type).toBe("reset");
    feed.tell(removed("one"));
    feed.tell(removed("two"));
    expect(names(await take(feed, reset?.id, 2))).toEqual(["one", "two"]);
  });

  test("that comes back gets what it has missed, and nothing twice", async () => {
    const feed = createFeed(createFakeClock());
    for (const name of ["one", "two", "three"]) feed.tell(removed(name));
    const told = await take(feed, (await take(feed, undefined, 1))[0]?.id.replace(/\d+$/, "1"), 2);
    expect(names(told)).toEqual(["two", "three"]);
  });

  test("with the id of an earlier process, of the future or of what is forgotten begins with `reset`", async () => {
    const feed = createFeed(createFakeClock());
    const [first] = await take(feed, undefined, 1);
    for (let number = 0; number < 20_000; number += 1) feed.tell(removed(`agent-${number}`));
    for (const id of ["zzz-1", first?.id.replace(/\d+$/, "90000"), first?.id]) {
      const [begin] = await take(feed, id, 1);
      expect(begin?.event.type).toBe("reset");
    }
    const [, next] = await take(feed, first?.id, 2);
    expect(Number(next?.id.split("-")[1])).toBeGreaterThan(15_000);
  });

  test("counts until it leaves, and the 201st is refused", async () => {
    const feed = createFeed(createFakeClock());
    const leaving = Array.from({ length: 200 }, () => new AbortController());
    for (const { signal } of leaving) feed.follow(undefined, signal);
    expect(() => feed.follow(undefined, new AbortController().signal)).toThrow("200 callers");
    leaving[0]?.abort();
    expect(feed.readers).toBe(199);
  });
});

test("the last 50 changes of an agent's state are remembered, newest first, until it is removed", () => {
  const feed = createFeed(createFakeClock());
  for (let version = 1; version <= 60; version += 1)
    feed.tell({
      ...{ type: "agent.state", agent_id: "echo", name: "Echo", version },
      ...{ status: "running", from: "idle", reason: "a test" },
    });
  expect(feed.changesOf("echo").map(({ version }) => version)).toEqual(
    Array.from({ length: 50 }, (_, i) => 60 - i),
  );
  expect(feed.changesOf("echo")[0]).toEqual({
    at: expect.stringMatching(/Z$/),
    from: "idle",
    status: "running",
    version: 60,
    reason: "a test",
  });
  feed.tell(removed("echo"));
  expect(feed.changesOf("echo")).toEqual([]);
});
