import { expect, test } from "bun:test";

import { RunnerError } from "../../../src/lib/errors.ts";
import { limitBody } from "../../../src/server/requests/request-body.ts";
import { createFakeClock } from "../../helpers/fake-clock.ts";

/** A request whose caller sends `chunks` and then no more. */
function requestOf(headers: Record<string, string>, chunks: string[] | "nothing yet") {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      if (chunks === "nothing yet") return;
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });
  return new Request("http://localhost/invoke/echo", { method: "POST", headers, body });
}

test("a body that waits for a 100 Continue of another case is answered 417 after 5 seconds", async () => {
  const clock = createFakeClock();
  const request = requestOf({ expect: "100-Continue", "content-length": "5" }, "nothing yet");
  const answer = Promise.resolve(limitBody(request, { maxBytes: 10, clock })).catch(
    (error: unknown) => error,
  );
  await clock.advance(4_999);
  expect(Bun.peek.status(answer)).toBe("pending");
  await clock.advance(1);
  const error = await answer;
  expect(error).toBeInstanceOf(RunnerError);
  expect(error).toMatchObject({ code: "INVALID_REQUEST", status: 417 });
});

test("a body that comes all the same is whole", async () => {
  const clock = createFakeClock();
  const request = requestOf({ expect: "100-Continue", "content-length": "5" }, ["he", "llo"]);
  expect(await (await limitBody(request, { maxBytes: 10, clock })).text()).toBe("hello");
});

test("a body in chunks ends in an error once it is over the limit", async () => {
  const clock = createFakeClock();
  const request = requestOf({ "transfer-encoding": "chunked" }, ["hello", "hello", "h"]);
  const limited = await limitBody(request, { maxBytes: 10, clock });
  expect(await limited.text().catch((error: unknown) => error)).toMatchObject({
    message: "The body has more than 10 bytes, which is the limit.",
    status: 413,
  });
});

test("a body whose length is told is not touched", async () => {
  const request = requestOf({ "content-length": "5" }, ["hello"]);
  expect(await limitBody(request, { maxBytes: 10, clock: createFakeClock() })).toBe(request);
});
