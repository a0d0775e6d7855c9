import { expect, test } from "bun:test";

import { asTheyCome, inOrder } from "../../../src/agents/logs/merged-lines.ts";
import { eventually } from "../../helpers/eventually.ts";

const line = (message: string, time: string | null) => ({
  ...{ time, message, level: null, stream: null, request_id: null },
});

test("the lines of several logs are in the order of their times, one without a time behind the one before it", () => {
  const one = [line("a", "2026-01-01T00:00:01Z"), line("its trace", null), line("d", "2026-01-01T00:00:04Z")];
  const other = [line("b", "2026-01-01T00:00:02Z"), line("c", "2026-01-01T00:00:03Z")];
  const messages = inOrder([one, other]).map(({ message }) => message);
  expect(messages).toEqual(["a", "its trace", "b", "c", "d"]);
});

async function* of<T>(items: T[], ended: string[] = []) {
  try {
    yield* items;
  } finally {
    ended.push("ended");
  }
}

async function* failing(): AsyncGenerator<number> {
  yield await Promise.reject(new Error("away"));
}

test("the items of several sources come until all have ended", async () => {
  const items = await Array.fromAsync(asTheyCome([of([1, 2, 3]), of([4]), of<number>([])]));
  expect(items.toSorted((one, other) => one - other)).toEqual([1, 2, 3, 4]);
  expect(await Array.fromAsync(asTheyCome([of([1, 2])]))).toEqual([1, 2]);
  expect(await Array.fromAsync(asTheyCome([]))).toEqual([]);
});

test("sources that are left before their end, or of which one fails, are ended", async () => {
  const ended: string[] = [];
  for await (const item of asTheyCome([of([1, 2], ended), of([3, 4], ended)])) {
    expect([1, 3]).toContain(item);
    break;
  }
  await eventually(() => expect(ended).toEqual(["ended", "ended"]));
  const all = Array.fromAsync(asTheyCome([failing(), of([3, 4], ended)]));
  expect(await all.catch(String)).toBe("Error: away");
  await eventually(() => expect(ended).toHaveLength(3));
});

test("sources that join while others are open come too, and one that is silent holds up nobody", async () => {
  const silent = Promise.withResolvers<void>();
  async function* quiet(): AsyncGenerator<number> {
    await silent.promise;
    yield 9;
  }
  let join: ((source: AsyncIterable<number>) => void) | undefined;
  let isLeft = false;
  const all = asTheyCome([of([1]), quiet()], (joined) => {
    join = joined;
    return () => (isLeft = true);
  });
  expect(await all.next()).toEqual({ done: false, value: 1 });
  const second = all.next();
  join?.(of([2]));
  expect(await second).toEqual({ done: false, value: 2 });
  silent.resolve();
  expect({ rest: await Array.fromAsync(all), isLeft }).toEqual({ rest: [9], isLeft: true });
});
