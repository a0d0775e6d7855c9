import { expect, test } from "bun:test";

import { createNames } from "../../src/instance/names.ts";

const names = createNames("runner-1", "a key");
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
  expect(createNames("runner-2", "a key").container("echo", 1)).not.toBe(names.container("echo", 1));
});

test("a container's name tells nothing of its agent, and cannot be found without the key", () => {
  expect(names.container("echo", 1)).toMatch(/^oken-[0-9a-f]{24}$/);
  expect(createNames("runner-1", "another").container("echo", 1)).not.toBe(names.container("echo", 1));
  expect(names.container("echo", 2)).not.toBe(names.container("echo", 1));
});

test("the image of an agent with a name of any length fits below the longest registry", () => {
  const registry = `${"r".repeat(150)}.lan:5000`;
  for (const id of IDS) {
    const image = createNames("runner-1", "a key", registry).image(id, 12_345);
    expect(image).toBe(`${registry}/${names.image(id, 12_345)}`);
    expect(image.length).toBeLessThan(255);
  }
});
