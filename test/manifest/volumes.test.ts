import { expect, test } from "bun:test";

import { configTomlError } from "../../src/manifest/errors.ts";
import { parseToml } from "../../src/manifest/toml.ts";
import { volumesField } from "../../src/manifest/volumes.ts";

function read(text: string, warnings: string[] = []) {
  const table = parseToml(text, "oken.toml", configTomlError("oken.toml"));
  const top = { table, tableName: "", text };
  return volumesField(top, top, { warnings });
}

const sizeOf = (size: string) => read(`[[volumes]]\npath = "/data"\nsize = ${size}\n`)?.[0]?.size;
const at = (...paths: string[]) => paths.map((path) => `[[volumes]]\npath = "${path}"\n`).join("");

test("volumes are in the order of their paths, and not shared unless they say so", () => {
  expect(read('[[volumes]]\npath = "/models"\nshared = true\n[[volumes]]\npath = "/data"\n')).toEqual([
    { path: "/data", shared: false },
    { path: "/models", shared: true },
  ]);
  expect(read("")).toBeUndefined();
});

test("a size is a number of bytes, or a text with a unit", () => {
  expect([sizeOf('"1g"'), sizeOf('"1.5 MiB"'), sizeOf("2000000")]).toEqual([1024 ** 3, 1_572_864, 2_000_000]);
});

test("a path may be deep, and below what only begins with the same letters", () => {
  for (const path of ["/srv/a/b-c/d_e.f", "/data", "/application", "/home/agents"])
    expect(read(at(path))).toEqual([{ path, shared: false }]);
});

test.each([
  ["", "it is an absolute path"],
  ["data", "it is an absolute path"],
  ["/", "it is an absolute path"],
  ["/data/", "it is an absolute path"],
  ["//data", "it is an absolute path"],
  ["/data/../etc", "it is an absolute path"],
  ["/./data", "it is an absolute path"],
  ["/data,readonly", "it is an absolute path"],
  ["/data:/etc", "it is an absolute path"],
  ["/a b", "it is an absolute path"],
  [`/${"a".repeat(200)}`, "it is an absolute path"],
  ...["/app", "/app/data", "/tmp/x", "/home", "/home/agent", "/home/agent/.cache", "/opt", "/opt/oken"].map(
    (path) => [path, "not the agent's own"] as const,
  ),
  ...["/proc", "/sys/x", "/dev/shm", "/etc", "/run/oken", "/usr/lib", "/var", "/var/run", "/root"].map(
    (path) => [path, "not the agent's own"] as const,
  ),
] as const)("the path %p is refused", (path, said) => {
  expect(() => read(at(path))).toThrow(said);
});

test.each([
  ['[[volumes]]\npath = "/data"\nsize = "1k"', 'size = "1k" is not allowed; it is a number of bytes'],
  ['[[volumes]]\npath = "/data"\nsize = "big"', "it is a number of bytes"],
  [at("/data", "/data"), 'no volume is inside another, and there is one at "/data"'],
  [at("/data", "/data/deep"), "no volume is inside another"],
  [at("/data/deep", "/data"), "no volume is inside another"],
  [at(..."abcdefghi".split("").map((name) => `/${name}`)), "at most 8 are taken"],
  ['volumes = "/data"', "each volume is a table [[volumes]] with a path"],
  ['volumes = ["/data"]', "each volume is a table [[volumes]] with a path"],
  ["[[volumes]]\n", "path = null is not allowed"],
  ['[[volumes]]\npath = "/data"\nshared = "yes"', "oken.toml line 3: shared = "],
])("%p is refused", (text, said) => {
  expect(() => read(text)).toThrow(said);
});

test("an unknown key of a volume is told with the nearest known one", () => {
  const warnings: string[] = [];
  read('[[volumes]]\npath = "/data"\nshard = true\n', warnings);
  expect(warnings).toEqual([
    'oken.toml line 3: unknown key "shard" of a volume is ignored; did you mean "shared"?',
  ]);
});
