import { expect, test } from "bun:test";

import { formatLine } from "../../src/server/log-format.ts";

const LINE = { time: null, level: "info", stream: "stdout", request_id: "r-1", message: "hello" };
const LIMIT = 64 * 1024;

test("a line is its message as text, and one JSON object as json", () => {
  expect(formatLine(LINE, "text")).toEqual(["hello"]);
  expect(formatLine(LINE, "json").map((text): unknown => JSON.parse(text))).toEqual([LINE]);
});

test.each([
  ["ASCII", "x"],
  ["two bytes each", "ä"],
  ["three bytes each", "€"],
  ["four bytes each", "😀"],
  ["escaped in JSON", "\u0001"],
])("no line is over 64 KiB, and none loses anything: %s", (_name, character) => {
  const message = character.repeat(70_000);
  const text = formatLine({ ...LINE, message }, "text");
  const json = formatLine({ ...LINE, message }, "json");
  for (const line of [...text, ...json]) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(LIMIT);
  expect(text.join("") === message).toBe(true);
  const objects: (typeof LINE & { continued?: boolean })[] = json.map((line) => JSON.parse(line));
  expect(objects.map((object) => object.message).join("") === message).toBe(true);
  expect(objects.map(({ continued }) => continued ?? false)).toEqual(objects.map((_, index) => index > 0));
});
