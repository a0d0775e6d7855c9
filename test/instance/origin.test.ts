import { expect, test } from "bun:test";

import { originOf } from "../../src/instance/origin.ts";

const CONTAINER = { id: "1", name: "oken-1", address: "10.0.0.7" };

test("a port is reached at the container's address, under another number where its host gives it one", () => {
  expect(originOf(CONTAINER, 8080)).toBe("http://10.0.0.7:8080");
  const published = { ...CONTAINER, ports: { 8080: 32768, 7999: 32769 } };
  expect([8080, 7999].map((port) => originOf(published, port))).toEqual([
    "http://10.0.0.7:32768",
    "http://10.0.0.7:32769",
  ]);
});
