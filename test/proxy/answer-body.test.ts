import { expect, test } from "bun:test";

import { AnswerBody } from "../../src/proxy/answer-body.ts";

/** A body on a connection that remembers what it was told. */
function fixture() {
  const told: string[] = [];
  const body = new AnswerBody({
    pause: () => void told.push("pause"),
    resume: () => void told.push("resume"),
    destroy: () => void told.push("destroy"),
  });
  return { body, told };
}

test("a connection that waits for a slow reader is read again once the answer has ended", () => {
  const { body, told } = fixture();
  body.push(new Uint8Array(100_000));
  body.end();
  expect(told.at(-1)).toBe("resume");
});

test("a reader who leaves an answer that has ended says nothing to its connection", async () => {
  const { body, told } = fixture();
  body.push(new Uint8Array(100_000));
  body.end();
  await body.stream.cancel();
  expect(told).not.toContain("destroy");
});

test("a reader who leaves before the end cancels the exchange", async () => {
  const { body, told } = fixture();
  await body.stream.cancel();
  expect(told).toContain("destroy");
});

test("the agent waits while 64 KiB lie before a slow reader, and goes on when they are taken", async () => {
  const { body, told } = fixture();
  const reader = body.stream.getReader();
  const piece = new Uint8Array(16 * 1024);
  for (const _ of ["first", "second", "third"]) body.push(piece);
  expect(told).not.toContain("pause");
  body.push(piece);
  expect(told.at(-1)).toBe("pause");
  for (const _ of ["first", "second", "third", "fourth"]) await reader.read();
  void reader.read();
  expect(told.at(-1)).toBe("resume");
});

test("a reader has a large piece until it waits for more, and then nothing is kept of it", async () => {
  const { body } = fixture();
  const reader = body.stream.getReader();
  const bytes = new Uint8Array(100_000).fill(7);
  const waiting = reader.read();
  // As chunks come: several pieces of what the network gave at once.
  body.push(bytes.subarray(0, 40_000));
  body.push(bytes.subarray(40_000));
  const first = await waiting;
  const second = await reader.read();
  expect([first.value?.at(-1), first.value?.length, second.value?.at(-1), second.value?.length]).toEqual([
    7, 40_000, 7, 60_000,
  ]);
  void reader.read();
  expect(bytes.buffer.byteLength).toBe(0);
});

test("what waits before a reader that comes late is whole", async () => {
  const { body } = fixture();
  const pieces = [1, 2, 3].map((value) => new Uint8Array(20_000).fill(value));
  for (const piece of pieces) body.push(piece);
  body.end();
  const read: (number | undefined)[] = [];
  for await (const piece of body.stream) read.push(piece.length, piece.at(-1));
  expect(read).toEqual([20_000, 1, 20_000, 2, 20_000, 3]);
});
