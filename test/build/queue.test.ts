import { expect, test } from "bun:test";

import { createBuildQueue } from "../../src/build/queue.ts";
import { createFakeClock } from "../helpers/fake-clock.ts";

const clock = createFakeClock();
const never = new AbortController().signal;

const turn = (agentId: string) => ({ agentId, signal: never, onPlace: () => undefined });

function build() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { work: () => promise, finish: resolve };
}

test("so many run at once, the others in the order they came, and each is told its place", async () => {
  const queue = createBuildQueue({ maxRunning: 1, maxWaiting: 5, clock });
  const first = build();
  const places: string[] = [];
  const order: string[] = [];
  const running = queue.run({ agentId: "a", signal: never, onPlace: () => places.push("first") }, first.work);
  const others = ["b", "c"].map((name) =>
    queue.run({ agentId: name, signal: never, onPlace: (ahead) => places.push(`${name}${ahead}`) }, () =>
      Promise.resolve(order.push(name)),
    ),
  );
  first.finish();
  await Promise.all([running, ...others]);
  expect(order).toEqual(["b", "c"]);
  expect(places).toEqual(["b0", "c1", "c0"]);
});

test("a build that fails makes room for the next", async () => {
  const queue = createBuildQueue({ maxRunning: 1, maxWaiting: 5, clock });
  const failing = queue.run(turn("a"), () => Promise.reject(new Error("no")));
  const next = queue.run(turn("b"), () => Promise.resolve("built"));
  await expect(failing).rejects.toThrow("no");
  expect(await next).toBe("built");
});

test("who finds the queue full is refused, and who gives up leaves it", async () => {
  const queue = createBuildQueue({ maxRunning: 1, maxWaiting: 1, clock });
  const first = build();
  const running = queue.run(turn("c"), first.work);
  const leaving = new AbortController();
  const second = queue.run({ ...turn("d"), signal: leaving.signal }, () => Promise.resolve());
  await expect(queue.run(turn("e"), () => Promise.resolve())).rejects.toMatchObject({
    code: "OVERLOADED",
    headers: { "Retry-After": "30" },
  });
  leaving.abort(new Error("left"));
  await expect(second).rejects.toThrow("left");
  const third = queue.run(turn("f"), () => Promise.resolve("third"));
  first.finish();
  expect(await third).toBe("third");
  await running;
});

test("of one agent one build runs at a time, and what waits for it holds up nobody else", async () => {
  const queue = createBuildQueue({ maxRunning: 2, maxWaiting: 5, clock });
  const [first, second] = [build(), build()];
  const order: string[] = [];
  const places: number[] = [];
  const running = [queue.run(turn("a"), first.work), queue.run(turn("b"), second.work)];
  const again = queue.run({ ...turn("a"), onPlace: (ahead) => places.push(ahead) }, () =>
    Promise.resolve(order.push("a")),
  );
  const other = queue.run(turn("c"), () => Promise.resolve(order.push("c")));
  second.finish();
  await other;
  expect(order).toEqual(["c"]);
  first.finish();
  await Promise.all([...running, again]);
  expect(order).toEqual(["c", "a"]);
  expect(places).toEqual([0, 0, 0]);
});

test("a turn lasts until what was built has started, or failed to", async () => {
  const queue = createBuildQueue({ maxRunning: 1, maxWaiting: 5, clock });
  const startups = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const order: string[] = [];
  const builds = [...startups.map(({ promise }) => promise), undefined].map((startup, index) =>
    queue.run({ ...turn(`agent-${index}`), startup }, () => Promise.resolve(order.push(`build ${index}`))),
  );
  // The build itself is done before its start.
  await builds[0];
  await clock.advance(10);
  expect(order).toEqual(["build 0"]);
  startups[0]?.resolve();
  await builds[1];
  await clock.advance(10);
  expect(order).toEqual(["build 0", "build 1"]);
  startups[1]?.reject(new Error("it did not start"));
  await builds[2];
  expect(order).toEqual(["build 0", "build 1", "build 2"]);
});

test("a start that takes longer than five seconds no longer holds up the next build", async () => {
  const clock = createFakeClock();
  const queue = createBuildQueue({ maxRunning: 1, maxWaiting: 5, clock });
  let next = "waiting";
  await queue.run({ ...turn("a"), startup: new Promise(() => undefined) }, () => Promise.resolve());
  const running = queue.run(turn("b"), () => Promise.resolve((next = "built")));
  await clock.advance(4_999);
  expect(next).toBe("waiting");
  await clock.advance(1);
  expect(next).toBe("built");
  await running;
  expect(clock.pending()).toBe(0);
});

test("a build that failed starts nothing, and its turn is over", async () => {
  const queue = createBuildQueue({ maxRunning: 1, maxWaiting: 5, clock });
  const startup = new Promise(() => undefined);
  const failing = queue.run({ ...turn("a"), startup }, () => Promise.reject(new Error("no")));
  await expect(failing).rejects.toThrow("no");
  expect(await queue.run(turn("b"), () => Promise.resolve("built"))).toBe("built");
});
