import { expect, test } from "bun:test";

import { ago } from "../../../src/cli/output/ago.ts";
import { size, took } from "../../../src/cli/output/amounts.ts";
import { plainLine, plainText, safeLine, safeText } from "../../../src/cli/output/safe-line.ts";
import { sinceTime } from "../../../src/cli/since.ts";

test.each([
  ["plain\ttext", "plain\ttext"],
  ["\u001B[31mred\u001B[0m", "\u001B[31mred\u001B[0m\u001B[0m"],
  ["\u001B[2Jcleared", "cleared"],
  ["\u001B]0;title\u0007text", "text"],
  ["\u001B]8;;http://x\u001B\\link", "link"],
  ["back\bspace\r\u0000\u009B", "backspace"],
  ["\u001Bc reset", "c reset"],
  ["\u001B[2\u0001J", "[2J"],
  ["\u001B\u0001[2J", "[2J"],
  ["\u001B\u001B[2J[2J", "[2J"],
  ["cut off \u001B[2", "cut off [2"],
  ["cut off \u001B[31", "cut off [31"],
  ["\u001B]0;title", ""],
  ["\u001B]52;c;cm0=\u001B[31mred", "\u001B[31mred\u001B[0m"],
  ["\u001BP1;2|\u001B\\text", "text"],
  ["\u001B[>4;1m\u001B[?25hx", "x"],
  ["\u009B2Jx", "2Jx"],
])("of %j a terminal is given %j", (line, safe) => {
  expect(safeLine(line)).toBe(safe);
});

test("a line that is made for it takes no longer than others", () => {
  const since = performance.now();
  for (const part of ["\u001B]", "\u001B[", "\u001B[1", "\u001BP\r"]) safeLine(`${part.repeat(200_000)}\r`);
  expect(performance.now() - since).toBeLessThan(5_000);
});

test("several lines stay several", () => {
  expect(safeText("a\u001B[2J\n\u001B[31mb\n")).toBe("a\n\u001B[31mb\u001B[0m\n");
  expect(plainText("a\r\n\u001B[31mb")).toBe("a\nb");
});

test("a plain line has no colours either", () => {
  expect(plainLine("\u001B[31mred\u001B[0m \u001B[2Jx")).toBe("red x");
});

test.each([
  [0, "0 bytes"],
  [512, "512 bytes"],
  [1536, "1.5 KiB"],
  [536_870_912, "512 MiB"],
  [10.4 * 1024 ** 3, "10 GiB"],
])("%d bytes are shown as %s", (bytes, shown) => {
  expect(size(bytes)).toBe(shown);
});

test.each([
  [42.4, "42 ms"],
  [1840, "1.8 s"],
  [125_000, "2 min 5 s"],
])("%d ms are shown as %s", (ms, shown) => {
  expect(took(ms)).toBe(shown);
});

const NOW = Date.parse("2026-01-02T00:00:00Z");

test.each([
  ["2026-01-01T23:59:58Z", "2s ago"],
  ["2026-01-01T23:55:30Z", "4m ago"],
  ["2026-01-01T12:00:00Z", "12h ago"],
  ["2025-12-30T00:00:00Z", "3d ago"],
  ["2026-01-02T00:00:09Z", "0s ago"],
])("%s was %s", (time, shown) => {
  expect(ago(time, NOW)).toBe(shown);
});

test.each([
  ["30s", NOW - 30_000],
  ["1.5h", NOW - 5_400_000],
  ["2026-01-01T00:00Z", Date.parse("2026-01-01T00:00Z")],
])("--since %s", (text, time) => {
  expect(sinceTime(text, undefined, NOW)).toBe(time);
});

test("--since of something else is refused", () => {
  expect(() => sinceTime("yesterday-ish")).toThrow('--since is "yesterday-ish"');
});
