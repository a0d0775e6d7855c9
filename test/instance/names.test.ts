import { expect, test } from "bun:test";

import { createNames } from "../../src/instance/names.ts";

const names = createNames("runner-1");
const IDS = ["echo", "Echo", "ECHO", "-echo", "_", "--", "a".repeat(128), "A-b_C", "a_b", "a-b", "0"];

test("every agent id makes a container name and an image reference that Docker takes", () => {
  for (const id of IDS) {
    expect(names.container(id, 12)).toMatch(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/);
    expect(names.image(id, 12)).toMatch(/^oken\/[a-z0-9]+(-+[a-z0-9]+)*:v12$/);
  }
});

test("ids that differ only in what Docker's names cannot say have different names", () => {
  expect(new Set(IDS.map((id) => names.container(id, 1))).size).toBe(IDS.length);
  expect(new Set(IDS.map((id) => names.image(id, 1))).size).toBe(IDS.length);
});

test("two runners on one engine name the same agent differently", () => {
  expect(createNames("runner-2").container("echo", 1)).not.toBe(names.container("echo", 1));
});
