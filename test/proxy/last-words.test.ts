import { describe, expect, test } from "bun:test";

import { AnswerBody } from "../../src/proxy/answer-body.ts";
import { itemStream } from "../../src/proxy/last-words.ts";
import { createFakeClock } from "../helpers/fake-clock.ts";

const SSE = "text/event-stream; charset=utf-8";
const LINES = "application/x-ndjson; charset=utf-8";
const WHY = '{"error":"Agent echo ran out of memory.","code":"INVOKE_FAILED"}';

/** What a reader gets of these pieces and of the failure that follows them. */
async function read(contentType: string, pieces: string[], why: { known?: string } = { known: WHY }) {
  const clock = createFakeClock();
  const body = new AnswerBody({ pause: () => undefined, resume: () => undefined, destroy: () => undefined });
  const items = itemStream(contentType, { clock, explain: async () => why.known });
  for (const piece of pieces) {
    const bytes = new TextEncoder().encode(piece);
    body.push(bytes);
    items?.saw(bytes);
  }
  let text = "";
  const reading = (async () => {
    for await (const bytes of body.stream) text += new TextDecoder().decode(bytes);
  })().then(
    () => "whole",
    () => "broken off",
  );
  await items?.fail(body, new Error("connection reset"));
  await clock.advance(50);
  return { text, end: await reading };
}

test("events end with the error, as they do when the agent's code fails", async () => {
  const pieces = ['id: 1\nevent: data\ndata: "first"\n\n'];
  expect(await read(SSE, pieces)).toMatchObject({
    text: `${pieces.join("")}event: error\ndata: ${WHY}\n\n`,
    end: "whole",
  });
});

test("lines of JSON end with the error, and are cut: it looks like an item", async () => {
  expect(await read(LINES, ['"first"\n'])).toMatchObject({ text: `"first"\n${WHY}\n`, end: "broken off" });
});

test("a stream without an item yet, or whose items come in odd pieces, is told too", async () => {
  expect((await read(SSE, [])).text).toContain("event: error");
  expect((await read(SSE, ["data: 1\n", "\n"])).text).toContain("event: error");
  expect((await read(SSE, ["data: 1\n", "", "\n"])).text).toContain("event: error");
  expect((await read(LINES, ["1", "\n"])).text).toBe(`1\n${WHY}\n`);
});

test("an answer in any other form is not followed", () => {
  const clock = createFakeClock();
  expect(itemStream("application/json", { clock, explain: async () => WHY })).toBeUndefined();
});

describe("nothing is said, and the stream is cut,", () => {
  test.each([
    ["in the middle of an event", SSE, ["data: 1\n\ndata: "]],
    ["after a line of an event", SSE, ["data: 1\n"]],
    ["in the middle of a line", LINES, ["1\n2"]],
    ["when the agent's own failure has been told", LINES, ['1\n{"error": "no", "code": "INVOKE_FAILED"}\n']],
  ])("%s", async (_, contentType, pieces) => {
    expect(await read(contentType, pieces)).toMatchObject({ text: pieces.join(""), end: "broken off" });
  });

  test("when nobody knows why", async () => {
    expect(await read(SSE, ["data: 1\n\n"], {})).toEqual({ text: "data: 1\n\n", end: "broken off" });
  });
});
