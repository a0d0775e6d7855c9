import { expect, test } from "bun:test";

import { joinPieces, keptLines, plainText, readLine } from "../../src/instance/log-lines.ts";
import { splitLine } from "../../src/server/log-format.ts";

const UNKNOWN = { time: null, level: null, stream: null, request_id: null };
const FRAME = {
  oken: 1,
  t: "2026-01-01T00:00:00.125Z",
  level: "warning",
  stream: "stderr",
  request_id: "r-1",
  msg: 'hello "you"',
};

test("the runtime's frame around a line is read", () => {
  expect(readLine({ stream: "stdout", text: JSON.stringify(FRAME) })).toEqual({
    time: "2026-01-01T00:00:00.125Z",
    level: "warning",
    stream: "stderr",
    request_id: "r-1",
    message: 'hello "you"',
  });
});

test("a further piece of a long line is marked", () => {
  expect(readLine({ stream: "stdout", text: JSON.stringify({ ...FRAME, cont: true }) })).toMatchObject({
    continued: true,
  });
});

test.each(["plain", '{"oken":1,"msg":"cut', '{"oken":1}', '{"oken":1,"msg":3}', '{"a":1}', ""])(
  "%j, which has no frame, gets one with what is known of it",
  (text) => {
    expect(readLine({ stream: "stdout", text })).toEqual({
      ...UNKNOWN,
      level: "info",
      stream: "stdout",
      message: text,
    });
    expect(readLine({ stream: "stderr", text })).toMatchObject({ level: "error", stream: "stderr" });
  },
);

test("of a frame that says less, the rest is null", () => {
  expect(readLine({ stream: "stdout", text: '{"oken":1,"msg":"b"}' })).toEqual({ ...UNKNOWN, message: "b" });
});

test("a log kept as text is read line by line", () => {
  expect(keptLines("a\n\nb\n").map(({ message }) => message)).toEqual(["a", "", "b"]);
  expect(keptLines("")).toEqual([]);
});

test("as plain text each line ends with a line end", () => {
  expect(plainText(keptLines("a\nb"))).toBe("a\nb\n");
});

test("a long line is split between characters, and all but its first piece are marked", () => {
  const pieces = Array.from(splitLine({ ...UNKNOWN, message: "ab😀cd" }, 3));
  expect(pieces.map(({ message }) => message)).toEqual(["ab", "😀c", "d"]);
  expect(pieces.map(({ continued }) => continued)).toEqual([undefined, true, true]);
});

test("pieces of long lines are put together, though lines of other calls stand between them", () => {
  const piece = (request_id: string, message: string, continued = false) => ({
    ...UNKNOWN,
    request_id,
    message,
    ...(continued && { continued }),
  });
  const lines = [
    piece("lost", "end", true),
    piece("r-1", "a"),
    piece("r-2", "x"),
    piece("r-1", "b", true),
    piece("r-2", "y", true),
    piece("r-1", "c", true),
    piece("r-1", "next"),
  ];
  expect(joinPieces(lines)).toEqual([
    { ...UNKNOWN, request_id: "lost", message: "end" },
    { ...UNKNOWN, request_id: "r-1", message: "abc" },
    { ...UNKNOWN, request_id: "r-2", message: "xy" },
    { ...UNKNOWN, request_id: "r-1", message: "next" },
  ]);
});
