import { expect, test } from "bun:test";

import { createEventLog } from "../../../src/agents/deploy/event-log.ts";

const never = new AbortController().signal;

test("a log is read from its beginning, or from any event on", async () => {
  const log = createEventLog<string>((event) => event.length);
  for (const event of ["a", "b", "c"]) log.add(event);
  log.end();
  expect((await Array.fromAsync(log.follow(0, never))).map(({ event }) => event)).toEqual(["a", "b", "c"]);
  expect((await Array.fromAsync(log.follow(2, never))).map(({ id, event }) => [id, event])).toEqual([
    [3, "c"],
  ]);
  expect(await Array.fromAsync(log.follow(7, never))).toEqual([]);
});

test("a follower gets events as they come, several of them the same, until the end", async () => {
  const log = createEventLog<string>((event) => event.length);
  log.add("a");
  const followers = [Array.fromAsync(log.follow(0, never)), Array.fromAsync(log.follow(1, never))];
  log.add("b");
  await Promise.resolve();
  log.add("c");
  log.end();
  const [first, second] = await Promise.all(followers);
  expect(first?.map(({ event }) => event)).toEqual(["a", "b", "c"]);
  expect(second?.map(({ event }) => event)).toEqual(["b", "c"]);
});

test("a follower who leaves is let go", async () => {
  const log = createEventLog<string>((event) => event.length);
  const leaving = new AbortController();
  const following = Array.fromAsync(log.follow(0, leaving.signal));
  log.add("a");
  await Promise.resolve();
  leaving.abort();
  expect((await following).length).toBeLessThanOrEqual(1);
});

test("of a very long log the newest events are kept", async () => {
  const log = createEventLog<number>(() => 1);
  for (let number = 1; number <= 10_500; number++) log.add(number);
  log.end();
  const read = await Array.fromAsync(log.follow(0, never));
  expect([read.length, read[0]?.event, read.at(-1)?.event]).toEqual([10_000, 501, 10_500]);
});

test("of long lines so many are kept as have a quarter of a megabyte together", async () => {
  const log = createEventLog<string>((event) => event.length);
  for (let number = 0; number < 500; number++) log.add(`${number}`.padEnd(16_384));
  log.end();
  const read = await Array.fromAsync(log.follow(0, never));
  expect(read.map(({ id }) => id)).toEqual(Array.from({ length: 16 }, (_, index) => 485 + index));
});
