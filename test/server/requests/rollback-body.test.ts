import { expect, test } from "bun:test";

import { readRollback } from "../../../src/server/requests/rollback-body.ts";
import { createFakeClock } from "../../helpers/fake-clock.ts";

const read = (body?: string, type = "application/json") =>
  readRollback(
    new Request("http://runner/rollback/echo", {
      method: "POST",
      ...(body === undefined ? {} : { body, headers: { "content-type": type } }),
    }),
    createFakeClock(),
  );

test.each([
  [undefined, undefined],
  ["", undefined],
  [" \n", undefined],
  ["{}", undefined],
  ['{"version": 3}', 3],
])("%p names the version %p", async (body, version) => {
  expect(await read(body)).toBe(version);
});

test("the type that curl gives to a body does not matter", async () => {
  expect(await read('{"version":2}', "application/x-www-form-urlencoded")).toBe(2);
});

test.each([
  "{",
  "3",
  "null",
  "[]",
  '{"version":0}',
  '{"version":-1}',
  '{"version":1.5}',
  '{"version":"1"}',
  '{"version":null}',
  '{"verison":1}',
])("%s is refused with what is allowed", async (body) => {
  await expect(read(body)).rejects.toMatchObject({ code: "INVALID_REQUEST", status: 400 });
});

test("a body of any length is refused before it is read to its end", async () => {
  await expect(read(`{"version":1${" ".repeat(2000)}}`)).rejects.toMatchObject({
    code: "INVALID_REQUEST",
    status: 413,
  });
});

test("one that does not come is answered 408", async () => {
  const clock = createFakeClock();
  const request = new Request("http://runner/rollback/echo", { method: "POST", body: new ReadableStream() });
  const failure = readRollback(request, clock).catch((error: unknown) => error);
  await clock.advance(30_000);
  expect(await failure).toMatchObject({ code: "INVALID_REQUEST", status: 408 });
});
