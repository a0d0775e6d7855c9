import { expect, test } from "bun:test";

import { nextSecrets, parseSecretsPatch } from "../../src/upload/secrets.ts";

const BEFORE = { A: "1", B: "2" };

test.each([
  [{ values: {}, keepOthers: false }, {}],
  [{ values: { C: "3" }, keepOthers: false }, { C: "3" }],
  [{ values: {}, keepOthers: true }, BEFORE],
  [
    { values: { B: "new", C: "3" }, keepOthers: true },
    { A: "1", B: "new", C: "3" },
  ],
  [{ values: { A: null, Z: null }, keepOthers: true }, { B: "2" }],
])("after A and B, %j", (sent, expected) => {
  expect({ ...nextSecrets(BEFORE, sent) }).toEqual(expected);
});

test("kept and sent secrets together have the limit of those that are sent", () => {
  const before = { A: "a".repeat(60_000) };
  expect(() => nextSecrets(before, { values: { B: "b".repeat(6_000) }, keepOthers: true })).toThrow(
    "and may have 65536",
  );
});

test("a patch has texts and nulls", () => {
  expect({ ...parseSecretsPatch('{"A": "1", "B": null}') }).toEqual({ A: "1", B: null });
});

test.each([
  ["", "not valid JSON"],
  ["[]", "must be a JSON object"],
  ['{"A": 1}', 'secret "A" must be a text in quotes, or null'],
  ['{"PATH": null}', '"PATH" is reserved'],
])("the patch %j is refused", (text, sentence) => {
  expect(() => parseSecretsPatch(text)).toThrow(sentence);
});
