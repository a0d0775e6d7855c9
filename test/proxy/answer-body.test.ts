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
  expect(told.at(-1)).toBe("resume");
});
