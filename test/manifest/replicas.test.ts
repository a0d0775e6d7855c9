import { expect, test } from "bun:test";

import { configTomlError } from "../../src/manifest/errors.ts";
import { replicasField } from "../../src/manifest/replicas.ts";
import { parseToml } from "../../src/manifest/toml.ts";
import type { Volume } from "../../src/model/manifest.ts";

function read(text: string, volumes?: Volume[]) {
  const table = parseToml(text, "oken.toml", configTomlError("oken.toml"));
  return replicasField({ table, tableName: "", text }, volumes);
}

test.each([
  ["", undefined],
  ["replicas = 1", undefined],
  ["min = 1\nmax = 1", undefined],
  ["replicas = 3", { min: 3, max: 3 }],
  ["max = 4", { min: 1, max: 4 }],
  ["min = 2", { min: 2, max: 2 }],
  ["min = 2\nmax = 16", { min: 2, max: 16 }],
])("%j", (text, replicas) => {
  expect(read(text)).toEqual(replicas);
});

test.each([
  ["replicas = 0", "replicas = 0 is not allowed; it is a whole number of instances from 1 to 16"],
  ["max = 17", "max = 17 is not allowed; it is a whole number of instances from 1 to 16"],
  ['min = "2"', 'min = "2" is not allowed; it is a whole number of instances from 1 to 16'],
  ["min = 3\nmax = 2", "min = 3 is not allowed; it is at most max, which is 2"],
  ["replicas = 3\nmax = 4", "max = 4 is not allowed; replicas says both min and max; write either"],
])("%j is refused", (text, message) => {
  expect(() => read(text)).toThrow(message);
});

test("a volume that is not shared is for one instance", () => {
  const own = { path: "/data", shared: false };
  expect(() => read("max = 2", [{ path: "/models", shared: true }, own])).toThrow(
    "oken.toml line 1: max = 2 is not allowed; the volume /data is for one instance at a time; have one instance, or write shared = true at the volume if several may use it at once",
  );
  expect(read("max = 2", [{ path: "/models", shared: true }])).toEqual({ min: 1, max: 2 });
  expect(read("replicas = 1", [own])).toBeUndefined();
});
