import { expect, test } from "bun:test";

import { resolutionKey } from "../../src/build/resolution-key.ts";
import { newPlan } from "../../src/dependencies/plan.ts";

const PLAN = newPlan({
  style: "requirements.txt",
  reason: "",
  lock: "requirements.lock",
  files: { "requirements.in": "six\n" },
});
const OPTIONS = { python: "3.12 python", code: "", contents: [] };

test("the key of a resolution stays as it was: versions ask by it for what they were built with", () => {
  expect(resolutionKey(PLAN, OPTIONS)).toBe("c56759c8b120a5a8665fa4a9c5d06dc9");
});

test("other dependency files, another Python or other code or wheels of its own give another key", () => {
  const keys = [
    resolutionKey(PLAN, OPTIONS),
    resolutionKey({ ...PLAN, files: { "requirements.in": "six>=1\n" } }, OPTIONS),
    resolutionKey(PLAN, { ...OPTIONS, python: "3.13 python" }),
    resolutionKey(PLAN, { ...OPTIONS, code: "code-a" }),
    resolutionKey(PLAN, { ...OPTIONS, code: "code-b" }),
    resolutionKey(PLAN, { ...OPTIONS, contents: ["a"] }),
    resolutionKey(PLAN, { ...OPTIONS, contents: ["b"] }),
  ];
  expect(new Set(keys).size).toBe(keys.length);
});
