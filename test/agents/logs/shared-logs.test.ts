import { describe, expect, test } from "bun:test";

import { joinLogs } from "../../../src/agents/logs/join-logs.ts";
import { createSharedLogs } from "../../../src/agents/logs/shared-logs.ts";
import type { OutputLine } from "../../../src/docker/types.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { eventually } from "../../helpers/eventually.ts";
import { turns } from "../../helpers/turns.ts";

const out = (text: string): OutputLine => ({ stream: "stdout", text });
const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => out(`line ${from + index}`));

/** A container's log, whose followers get its lines when the test says so. */
function fixture(before: OutputLine[] = []) {
  const lines = [...before];
  const readers: { signal: AbortSignal; sent: number }[] = [];
  let changed = Promise.withResolvers<void>();
  let told = lines.length;
  let reading = 0;
  let mostReading = 0;
  let hold = Promise.resolve();
  const logs = createSharedLogs({
    clock: systemClock,
    engine: {
      async logs(_, tail) {
        reading += 1;
        mostReading = Math.max(mostReading, reading);
        await hold;
        reading -= 1;
        return lines.slice(-tail);
      },
      async *followLogs(_, { tail, signal }) {
        const reader = { signal, sent: Math.max(0, lines.length - tail) };
        readers.push(reader);
        signal.addEventListener("abort", () => changed.resolve());
        for (;;) {
          signal.throwIfAborted();
          const line = reader.sent < told ? lines[reader.sent] : undefined;
          if (line?.text === "END") return;
          if (line === undefined) await changed.promise;
          else {
            reader.sent += 1;
            yield line;
          }
        }
      },
    },
  });
  const tell = () => {
    told = lines.length;
    changed.resolve();
    changed = Promise.withResolvers<void>();
  };
  return {
    logs,
    readers,
    tell,
    print: (printed: OutputLine[], { isTold = true } = {}) => {
      lines.push(...printed);
      if (isTold) tell();
    },
    hold: (until: Promise<void>) => {
      hold = until;
    },
    mostReading: () => mostReading,
    /** A reader that takes all that comes. */
    follow: (tail: number) => {
      const leaving = new AbortController();
      const got: OutputLine[] = [];
      const done = (async () => {
        for await (const line of logs.follow("c", { tail, signal: leaving.signal })) got.push(line);
      })().catch(() => undefined);
      return { got, leave: () => leaving.abort(), done };
    },
  };
}

describe("followers of one log", () => {
  test("share one reader, get the same lines, and end with it", async () => {
    const { readers, print, follow } = fixture(numbers(1, 10));
    const followers = Array.from({ length: 100 }, () => follow(10));
    await eventually(() => expect(followers.at(-1)?.got).toEqual(numbers(1, 10)));
    print([...numbers(11, 20), out("END")]);
    await Promise.all(followers.map(({ done }) => done));
    for (const { got } of followers) expect(got).toEqual(numbers(1, 20));
    expect(readers.length).toBe(1);
  });

  test("get as many last lines as each asked for, and none twice", async () => {
    const { print, follow } = fixture(numbers(1, 1_000));
    const first = follow(1);
    await eventually(() => expect(first.got).toEqual(numbers(1_000, 1_000)));
    print(numbers(1_001, 1_010));
    await eventually(() => expect(first.got.length).toBe(11));
    const later = [follow(0), follow(5), follow(1_005), follow(9_999)];
    await eventually(() => expect(later.at(-1)?.got.length).toBe(1_010));
    print([...numbers(1_011, 1_020), out("END")]);
    await Promise.all([first, ...later].map(({ done }) => done));
    expect(first.got).toEqual(numbers(1_000, 1_020));
    expect(later.map(({ got }) => got)).toEqual([
      numbers(1_011, 1_020),
      numbers(1_006, 1_020),
      numbers(6, 1_020),
      numbers(1, 1_020),
    ]);
  });

  test("who comes while the reader is behind gets no line twice", async () => {
    const { print, tell, follow } = fixture(numbers(1, 10));
    const first = follow(10);
    await eventually(() => expect(first.got.length).toBe(10));
    print(numbers(11, 30), { isTold: false });
    const later = follow(5);
    await eventually(() => expect(later.got).toEqual(numbers(26, 30)));
    tell();
    print([...numbers(31, 40), out("END")]);
    await Promise.all([first.done, later.done]);
    expect(later.got).toEqual(numbers(26, 40));
    expect(first.got).toEqual(numbers(1, 40));
  });

  test("who reads slowly holds nobody up, and is told what it missed", async () => {
    const { logs, print, follow } = fixture();
    const leaving = new AbortController();
    const slow = logs.follow("c", { tail: 0, signal: leaving.signal })[Symbol.asyncIterator]();
    const first = slow.next();
    const quick = follow(0);
    print([out("first")]);
    expect(await first).toEqual({ done: false, value: out("first") });
    const long = numbers(1, 20_000).map(({ text }) => out(text.padEnd(100)));
    print([...long, out("END")]);
    await quick.done;
    expect(quick.got.length).toBeGreaterThan(long.length);
    const { value } = await slow.next();
    expect(value.text).toMatch(/^\[\d+ lines left out: they came faster than they were read\]$/);
    const rest: OutputLine[] = [];
    for (let next = await slow.next(); !next.done; next = await slow.next()) rest.push(next.value);
    expect(rest.at(-1)).toEqual(long.at(-1));
    expect(rest.length).toBeLessThan(6_000);
  });

  test("a log is not read ahead of its only follower", async () => {
    const { logs, readers, print } = fixture(numbers(1, 1));
    const leaving = new AbortController();
    const slow = logs.follow("c", { tail: 1, signal: leaving.signal })[Symbol.asyncIterator]();
    await slow.next();
    print(numbers(2, 50_000).map(({ text }) => out(text.padEnd(100))));
    await turns(100);
    expect(readers[0]?.sent).toBeLessThan(2_000);
    leaving.abort();
    await slow.return?.();
  });

  test("when the last has left, the reader is let go, and the next one begins anew", async () => {
    const { readers, print, follow } = fixture(numbers(1, 3));
    const [first, second] = [follow(3), follow(3)];
    await eventually(() => expect(second.got.length).toBe(3));
    first.leave();
    await first.done;
    expect(readers[0]?.signal.aborted).toBe(false);
    second.leave();
    await second.done;
    expect(readers[0]?.signal.aborted).toBe(true);
    print(numbers(4, 4));
    const third = follow(2);
    await eventually(() => expect(third.got).toEqual(numbers(3, 4)));
    third.leave();
    await third.done;
    expect(readers.length).toBe(2);
  });

  test("who leaves without taking its next line lets the reader go too", async () => {
    const { logs, readers, print } = fixture(numbers(1, 5));
    const leaving = new AbortController();
    const lines = logs.follow("c", { tail: 5, signal: leaving.signal })[Symbol.asyncIterator]();
    expect(await lines.next()).toEqual({ done: false, value: out("line 1") });
    print(numbers(6, 20_000).map(({ text }) => out(text.padEnd(100))));
    leaving.abort();
    expect(readers[0]?.signal.aborted).toBe(true);
  });

  test("are at most 200; another is refused until one leaves", async () => {
    const { logs, follow } = fixture(numbers(1, 1));
    const followers = Array.from({ length: 200 }, () => follow(1));
    const more = () => logs.follow("c", { tail: 1, signal: new AbortController().signal });
    expect(more).toThrow("200 followers");
    expect(() => logs.follow("d", { tail: 1, signal: new AbortController().signal })).not.toThrow();
    followers[0]?.leave();
    expect(more).not.toThrow();
    for (const { leave } of followers) leave();
    await Promise.all(followers.map(({ done }) => done));
  });
});

test("two logs are read at a time, and who waits for the same gets the same", async () => {
  const { logs, hold, mostReading } = fixture(numbers(1, 30));
  const held = Promise.withResolvers<void>();
  hold(held.promise);
  const reads = Array.from({ length: 20 }, (_, index) => logs.logs("c", 10 + (index % 4)));
  held.resolve();
  expect((await Promise.all(reads)).map((lines) => lines.length)).toEqual(
    reads.map((_, index) => 10 + (index % 4)),
  );
  expect(mostReading()).toBe(2);
});

test.each<[string, OutputLine[], OutputLine[], number | undefined]>([
  ["the end of both", numbers(1, 30), numbers(20, 30), 11],
  ["lines that came since", numbers(1, 30), numbers(20, 35), 11],
  ["nothing in common", numbers(1, 3), numbers(7, 9), undefined],
  ["an empty reader", numbers(1, 3), [], undefined],
  [
    "equal lines: the last place that fits",
    [out("a"), out("b")],
    [out("b"), out("a"), out("b"), out("c")],
    3,
  ],
  [
    "another order of the two streams",
    [out("a"), { stream: "stderr", text: "x" }, out("b")],
    [{ stream: "stderr", text: "x" }, out("a"), out("b"), out("c")],
    3,
  ],
])("a log goes on after a reading of it: %s", (_, past, following, place) => {
  expect(joinLogs(past, following)).toBe(place);
});
