import { expect, test } from "bun:test";

import { formatBytes, parseBytes } from "../../src/lib/bytes.ts";

test.each([
  ["1048576", 1_048_576],
  ["512k", 524_288],
  ["1.5g", 1_610_612_736],
  ["512 MiB", 536_870_912],
  ["2MB", 2_097_152],
  ["100b", 100],
])("%p is %p bytes", (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

test.each(["", "m", "-1", "1e3", "1 gram", "999999999999t"])("%p is no number of bytes", (text) => {
  expect(parseBytes(text)).toBeUndefined();
});

test("a byte count is written in whole MiB, or exactly", () => {
  expect([50 * 1024 ** 2, 1000].map(formatBytes)).toEqual(["50 MiB", "1000 bytes"]);
});
