import { expect, test } from "bun:test";

import { bytesWithin, jsonWithin } from "../../src/lib/read-within.ts";

/** A body without end, which tells whether it is still read. */
function endless(text: string) {
  let pulls = 0;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      pulls += 1;
      controller.enqueue(new TextEncoder().encode(text));
    },
  });
  return { answer: new Response(body), pulls: () => pulls };
}

test("an answer that fits is read whole", async () => {
  expect((await bytesWithin(new Response("12345"), 5))?.toString()).toBe("12345");
  expect(await bytesWithin(new Response(null), 5)).toEqual(Buffer.alloc(0));
  expect(await jsonWithin(Response.json({ a: 1 }), 100)).toEqual({ a: 1 });
});

test("of a longer one no more is read than it takes to know", async () => {
  const { answer, pulls } = endless("x".repeat(100));
  expect(await bytesWithin(answer, 1_000)).toBeUndefined();
  expect(pulls()).toBeLessThan(20);
  expect(await jsonWithin(endless("[").answer, 1_000)).toBeUndefined();
});

test("what is no JSON, or breaks off, is none", async () => {
  expect(await jsonWithin(new Response("<html>"), 100)).toBeUndefined();
  const broken = new ReadableStream({ start: (controller) => controller.error(new Error("gone")) });
  expect(await jsonWithin(new Response(broken), 100)).toBeUndefined();
});
