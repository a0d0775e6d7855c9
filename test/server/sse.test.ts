import { expect, test } from "bun:test";

import { type SseEvent, sseResponse } from "../../src/server/sse.ts";
import { createFakeClock } from "../helpers/fake-clock.ts";

/** A stream whose events are given by hand, and its reader. */
function stream() {
  const clock = createFakeClock();
  const caller = new AbortController();
  const { readable, writable } = new TransformStream<SseEvent, SseEvent>();
  const writer = writable.getWriter();
  let signal: AbortSignal | undefined;
  const request = new Request("http://localhost/", { signal: caller.signal });
  const response = sseResponse({ clock, request }, (following) => {
    signal = following;
    return readable;
  });
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader();
  return {
    clock,
    caller,
    writer,
    reader,
    response,
    isFollowing: () => signal?.aborted === false,
    read: async () => new TextDecoder().decode((await reader.read()).value),
  };
}

test("a comment is sent before there is any event", async () => {
  const { read, response } = stream();
  expect(await read()).toBe(":\n\n");
  expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
});

test("an event carries its id, its name and each line of its data", async () => {
  const { writer, read } = stream();
  await read();
  void writer.write({ id: 3, event: "log", data: "one\ntwo\r\nthree\rfour" });
  expect(await read()).toBe("id: 3\nevent: log\ndata: one\ndata: two\ndata: three\ndata: four\n\n");
  void writer.write({ data: "" });
  expect(await read()).toBe("data: \n\n");
});

test("a comment is sent every four seconds", async () => {
  const { clock, read } = stream();
  await read();
  await clock.advance(3_999);
  const next = read();
  await clock.advance(1);
  expect(await next).toBe(":\n\n");
  await clock.advance(8_000);
  expect([await read(), await read()]).toEqual([":\n\n", ":\n\n"]);
});

test("the source is closed, and no timer is left, when the events end", async () => {
  const { clock, writer, reader, read, isFollowing } = stream();
  await read();
  expect(isFollowing()).toBe(true);
  const next = reader.read();
  await writer.close();
  expect(await next).toEqual({ done: true, value: undefined });
  expect(isFollowing()).toBe(false);
  expect(clock.pending()).toBe(0);
});

test("the source is closed when the reader cancels or leaves", async () => {
  const cancelled = stream();
  await cancelled.reader.cancel();
  expect(cancelled.isFollowing()).toBe(false);
  expect(cancelled.clock.pending()).toBe(0);
  const aborted = stream();
  aborted.caller.abort();
  expect(aborted.isFollowing()).toBe(false);
});

test("a source that fails ends the stream with its error", async () => {
  const { clock, writer, reader, read, isFollowing } = stream();
  await read();
  const next = reader.read();
  void writer.abort(new Error("the log is gone")).catch(() => undefined);
  await expect(next).rejects.toThrow("the log is gone");
  expect(isFollowing()).toBe(false);
  expect(clock.pending()).toBe(0);
});
