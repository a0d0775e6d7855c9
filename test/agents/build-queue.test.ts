import { expect, test } from "bun:test";

import { createBuildQueue } from "../../src/agents/build-queue.ts";

const never = new AbortController().signal;

function build() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { work: () => promise, finish: resolve };
}

test("so many run at once, the others in the order they came, and each is told its place", async () => {
  const queue = createBuildQueue({ maxRunning: 1, maxWaiting: 5 });
  const first = build();
  const places: string[] = [];
  const order: string[] = [];
  const running = queue.run({ signal: never, onPlace: () => places.push("first") }, first.work);
  const others = ["b", "c"].map((name) =>
    queue.run({ signal: never, onPlace: (ahead) => places.push(`${name}${ahead}`) }, () =>
      Promise.resolve(order.push(name)),
    ),
  );
  first.finish();
  await Promise.all([running, ...others]);
  expect(order).toEqual(["b", "c"]);
  expect(places).toEqual(["b0", "c1", "c0"]);
});

test("a build that fails makes room for the next", async () => {
  const queue = createBuildQueue({ maxRunning: 1, maxWaiting: 5 });
  const failing = queue.run({ signal: never, onPlace: () => undefined }, () =>
    Promise.reject(new Error("no")),
  );
  const next = queue.run({ signal: never, onPlace: () => undefined }, () => Promise.resolve("built"));
  await expect(failing).rejects.toThrow("no");
  expect(await next).toBe("built");
});

test("who finds the queue full is refused, and who gives up leaves it", async () => {
  const queue = createBuildQueue({ maxRunning: 1, maxWaiting: 1 });
  const first = build();
  const running = queue.run({ signal: never, onPlace: () => undefined }, first.work);
  const leaving = new AbortController();
  const second = queue.run({ signal: leaving.signal, onPlace: () => undefined }, () => Promise.resolve());
  await expect(
    queue.run({ signal: never, onPlace: () => undefined }, () => Promise.resolve()),
  ).rejects.toMatchObject({
    code: "OVERLOADED",
    headers: { "Retry-After": "30" },
  });
  leaving.abort(new Error("left"));
  await expect(second).rejects.toThrow("left");
  const third = queue.run({ signal: never, onPlace: () => undefined }, () => Promise.resolve("third"));
  first.finish();
  expect(await third).toBe("third");
  await running;
});
