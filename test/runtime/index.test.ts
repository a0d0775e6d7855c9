import { expect, test } from "bun:test";
import { Glob } from "bun";
import { join } from "node:path";
import { RUNTIME_CONTEXT, RUNTIME_DIGEST, RUNTIME_FILES } from "../../src/runtime/index.ts";

const root = join(import.meta.dir, "../../src/runtime");

test("every file of the runtime is embedded, and nothing else", async () => {
  const found = [...new Glob("**/{*.py,LICENSE*.txt}").scanSync(root)].sort();
  const present = found.filter((name) => name !== "unpack.py");
  expect(Object.keys(RUNTIME_FILES).sort()).toEqual(present);
  for (const name of present) {
    expect(RUNTIME_FILES[name]).toBe(await Bun.file(join(root, name)).text());
  }
});

test("a build reads them as one file, beside the program that writes them", async () => {
  const { "files.json": packed, "unpack.py": program } = RUNTIME_CONTEXT;
  expect(JSON.parse(packed ?? "")).toEqual(RUNTIME_FILES);
  expect(program).toBe(await Bun.file(join(root, "unpack.py")).text());
});

test("the digest is a SHA-256 in hex", () => {
  expect(RUNTIME_DIGEST).toMatch(/^[0-9a-f]{64}$/);
});
