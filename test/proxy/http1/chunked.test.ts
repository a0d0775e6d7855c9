import { expect, test } from "bun:test";

import { ChunkedReader } from "../../../src/proxy/http1/chunked.ts";

/** The pieces that are handed on of these parts of a body, and what follows it. */
function read(...parts: string[]): { pieces: string[]; rest: string | undefined } {
  const reader = new ChunkedReader();
  const pieces: string[] = [];
  let rest: Buffer | undefined;
  for (const part of parts)
    rest = reader.read(Buffer.from(part, "latin1"), (data) => void pieces.push(data.toString("latin1")));
  return { pieces, rest: rest?.toString("latin1") };
}

test("chunks that came together go on as one piece, however many they are", () => {
  expect(read(`${"1\r\na\r\n".repeat(1_000)}0\r\n\r\nrest`)).toEqual({
    pieces: ["a".repeat(1_000)],
    rest: "rest",
  });
});

test("a body is the same wherever the network cuts it", () => {
  const body = "3\r\nabc\r\n00002;x=y\r\nde\r\nA \r\nfghijklmno\r\n0\r\nx: y\r\n\r\n";
  for (let at = 0; at <= body.length; at += 1) {
    const { pieces, rest } = read(body.slice(0, at), body.slice(at));
    expect(pieces.join("")).toBe("abcdefghijklmno");
    if (at < body.length) expect(rest).toBe("");
  }
  expect(read(...body.split("")).pieces.join("")).toBe("abcdefghijklmno");
});

test.each(["1\r\nabc\r\n", "1\n", "\r\n", "-1\r\n", "1g\r\n", "1\r\na\n", "1\r\na\r\n\r\n"])(
  "%j is no body",
  (bytes) => {
    expect(() => read(bytes)).toThrow(/^a chunk of its answer /);
    expect(() => read(...bytes.split(""))).toThrow(/^a chunk of its answer /);
  },
);
