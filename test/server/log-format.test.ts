import { expect, test } from "bun:test";

import { formatLine, formatPieces } from "../../src/server/log-format.ts";

const LINE = { time: null, level: "info", stream: "stdout", request_id: "r-1", message: "hello" };
/** A reader's buffer, which has what stands around the line as well. */
const LIMIT = 64 * 1024 - "data: \r\n".length;

test("a line is its message as text, and one JSON object as json", () => {
  expect(formatLine(LINE, "text")).toBe("hello");
  expect(JSON.parse(formatLine(LINE, "json"))).toEqual(LINE);
});

test.each([
  ["ASCII", "x"],
  ["two bytes each", "ä"],
  ["three bytes each", "€"],
  ["four bytes each", "😀"],
  ["escaped in JSON", "\u0001"],
])("no line is over 64 KiB, and none loses anything: %s", (_name, character) => {
  const message = character.repeat(70_000);
  const text = formatPieces({ ...LINE, message }, "text");
  const json = formatPieces({ ...LINE, message }, "json");
  for (const line of [...text, ...json]) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(LIMIT);
  expect(text.join("") === message).toBe(true);
  const objects: (typeof LINE & { continued?: boolean })[] = json.map((line) => JSON.parse(line));
  expect(objects.map((object) => object.message).join("") === message).toBe(true);
  expect(objects.map(({ continued }) => continued ?? false)).toEqual(objects.map((_, index) => index > 0));
});

test.each([65_400, 65_472, 65_473, 65_528, 65_535, 65_536])("a line of %d bytes fits too", (length) => {
  const message = "x".repeat(length);
  const pieces = formatPieces({ ...LINE, message }, "text");
  expect(pieces.join("") === message).toBe(true);
  for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(LIMIT);
});
