import { describe, expect, test } from "bun:test";

import { redactValue, secretRedactor } from "../../src/lib/redact-secrets.ts";
import cases from "../runtime/redaction.json";

describe("a value of a secret is cut from a text", () => {
  test.each(cases)("$what", ({ secrets, text, clean, without }) => {
    const cut = secretRedactor({ ...secrets })(text);
    if (clean !== undefined) expect(cut).toBe(clean);
    if (without !== undefined) {
      expect(cut).toContain("[REDACTED]");
      expect(cut).not.toContain(without);
    }
  });
});

test("the rest of a text begins with no half of a value", () => {
  const redact = secretRedactor({ KEY: "hunter2-hunter2" });
  const text = "1 hunter2-hunter2 2 hunter2-hunter2 3";
  expect(redact(text, 9)).toBe("[REDACTED] 2 [REDACTED] 3");
  expect(redact(text, 2)).toBe("[REDACTED] 2 [REDACTED] 3");
  expect(redact(text, 17)).toBe(" 2 [REDACTED] 3");
  expect(redact(text, text.length)).toBe("");
});

test("without secrets nothing is cut, and in data every text is", () => {
  expect(secretRedactor({})("hunter2")).toBe("hunter2");
  const redact = secretRedactor({ KEY: "hunter2" });
  const data = { list: ["a hunter2", 1, null], deep: { is: "hunter2" } };
  expect(redactValue(data, redact)).toEqual({ list: ["a [REDACTED]", 1, null], deep: { is: "[REDACTED]" } });
});
