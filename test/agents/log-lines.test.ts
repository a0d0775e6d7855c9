import { expect, test } from "bun:test";

import { plainLine, plainText } from "../../src/agents/log-lines.ts";

test("the runtime's frame around a line is taken off", () => {
  expect(
    plainLine(
      '{"oken":1,"t":"2026-01-01T00:00:00Z","level":"info","stream":"stdout","msg":"hello \\"you\\""}',
    ),
  ).toBe('hello "you"');
});

test("other lines are given back as they are, also ones that only look alike", () => {
  for (const line of ["plain", '{"oken":1,"msg":"cut', '{"oken":1}', '{"a":1}', ""])
    expect(plainLine(line)).toBe(line);
});

test("a text keeps its line ends", () => {
  expect(plainText('a\n{"oken":1,"msg":"b"}\n')).toBe("a\nb\n");
});
