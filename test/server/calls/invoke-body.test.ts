import { describe, expect, test } from "bun:test";

import { KiB } from "../../../src/lib/bytes.ts";
import type { OutgoingBody } from "../../../src/proxy/http1/request.ts";
import { arrivingBody } from "../../../src/server/calls/invoke-body.ts";
import { createFakeClock } from "../../helpers/fake-clock.ts";

/** A call whose caller sends what the test says, when it says so. */
function call(options: { length?: number; mayConverse?: boolean } = {}) {
  const { length, mayConverse = false } = options;
  const clock = createFakeClock();
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    start: (it) => void (controller = it),
    cancel: () => void (cancelled = true),
  });
  const headers: Record<string, string> =
    length === undefined ? { "transfer-encoding": "chunked" } : { "content-length": String(length) };
  const request = new Request("http://localhost/invoke/echo", { method: "POST", headers, body });
  return {
    clock,
    sends: (bytes: number) => controller?.enqueue(new Uint8Array(bytes)),
    ends: () => controller?.close(),
    isDropped: () => cancelled,
    arriving: arrivingBody(request, { maxBytes: 1024 * KiB, clock, mayConverse }),
  };
}

const LATE = { code: "INVALID_REQUEST", status: 408, message: "The body did not come in time." };

/** What an agent would get of it. */
async function sizeOf(body: OutgoingBody): Promise<number> {
  if (body.kind === "bytes") return body.bytes.length;
  return body.kind === "none" ? 0 : new Response(body.stream).bytes().then(({ length }) => length);
}

test("a small body is waited for as a whole", async () => {
  const { arriving, sends, ends, clock } = call({ length: 10 });
  sends(4);
  await clock.advance(59_000);
  expect(Bun.peek.status(arriving)).toBe("pending");
  sends(6);
  ends();
  expect(await arriving).toMatchObject({ kind: "bytes", bytes: new Uint8Array(10) });
  expect(clock.pending()).toBe(0);
});

test("a small body that does not come is answered 408", async () => {
  const { arriving, sends, clock } = call({ length: 10 });
  const failure = arriving.catch((error: unknown) => error);
  sends(4);
  await clock.advance(60_000);
  expect(await failure).toMatchObject(LATE);
});

describe("a large body", () => {
  test("is waited for until its first 64 KiB are here", async () => {
    const { arriving, sends, ends, clock } = call({ length: 100 * KiB });
    sends(63 * KiB);
    await clock.advance(1_000);
    expect(Bun.peek.status(arriving)).toBe("pending");
    sends(KiB);
    const body = await arriving;
    expect(body).toMatchObject({ kind: "stream", length: 100 * KiB });
    sends(36 * KiB);
    ends();
    expect(await sizeOf(body)).toBe(100 * KiB);
    expect(clock.pending()).toBe(0);
  });

  test("that falls silent before that is answered 408, and dropped", async () => {
    const { arriving, sends, clock, isDropped } = call({ length: 100 * KiB });
    const failure = arriving.catch((error: unknown) => error);
    sends(KiB);
    await clock.advance(30_000);
    expect(await failure).toMatchObject(LATE);
    expect(isDropped()).toBe(true);
  });

  test("whose first part trickles is answered 408", async () => {
    const { arriving, sends, clock } = call({ length: 100 * KiB });
    const failure = arriving.catch((error: unknown) => error);
    for (let step = 0; step < 4; step += 1) {
      sends(KiB);
      await clock.advance(15_000);
    }
    expect(await failure).toMatchObject(LATE);
  });

  test.each([
    ["at a pace is passed on, however long that takes", 17, true],
    ["that slows down once it has a slot breaks off", 15, false],
  ])("%s", async (_, kibPerSecond, isWhole) => {
    const { arriving, sends, ends, clock, isDropped } = call({ length: 500 * KiB });
    sends(64 * KiB);
    const size = sizeOf(await arriving).catch((error: unknown) => error);
    let left = 436;
    // The grace is ten seconds' worth: 500 KiB at 15 KiB/s use it up.
    for (; left > 0 && !isDropped(); left -= kibPerSecond) {
      await clock.advance(1_000);
      sends(Math.min(left, kibPerSecond) * KiB);
      if (!isWhole && left < 300) await clock.advance(11_000);
    }
    if (isWhole) ends();
    expect(await size).toEqual(isWhole ? 500 * KiB : expect.objectContaining(LATE));
  });

  test("waits for a slow agent for any time", async () => {
    const { arriving, sends, ends, clock } = call({ length: 100 * KiB });
    sends(100 * KiB);
    ends();
    const body = await arriving;
    await clock.advance(600_000);
    expect(await sizeOf(body)).toBe(100 * KiB);
  });
});

describe("a body without a length", () => {
  test("that may be half of a conversation goes on with its first part, at any pace", async () => {
    const { arriving, sends, ends, clock } = call({ mayConverse: true });
    sends(1);
    const body = await arriving;
    const size = sizeOf(body);
    await clock.advance(600_000);
    sends(1);
    ends();
    expect(await size).toBe(2);
  });

  test("that cannot be comes at a pace as others do", async () => {
    const { arriving, sends, ends } = call();
    sends(1);
    await Promise.resolve();
    expect(Bun.peek.status(arriving)).toBe("pending");
    ends();
    expect(await sizeOf(await arriving)).toBe(1);
  });
});
