import { createHash } from "node:crypto";
import { join } from "node:path";
import { expect, test } from "bun:test";

import { RUNTIME_CONTEXT } from "../../src/runtime/index.ts";

const SOURCE = join(import.meta.dir, "../../src/runtime");

type Packed = { files: Record<string, string>; wheels: Record<string, Record<string, string>> };
const packed: Packed = JSON.parse(RUNTIME_CONTEXT["runtime.json"] ?? "");

test("the runtime for images has every Python file as it is in the source", async () => {
  const modules = [...new Bun.Glob("_oken/**/*.py").scanSync(SOURCE), "main.py"].sort();
  expect(Object.keys(packed.files).sort()).toEqual(modules);
  for (const name of modules) expect(packed.files[name]).toBe(await Bun.file(join(SOURCE, name)).text());
});

test("the runtime for images has exactly the wheels whose hashes are listed", async () => {
  const lists = [...new Bun.Glob("wheels-for-*.txt").scanSync(SOURCE)];
  expect(Object.keys(packed.wheels).sort()).toEqual(["3.10", "3.9"]);
  expect(lists).toHaveLength(2);
  for (const [oldest, wheels] of Object.entries(packed.wheels)) {
    const list = await Bun.file(join(SOURCE, `wheels-for-${oldest}.txt`)).text();
    const listed = list.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    const carried = Object.entries(wheels).map(([file, content]) => {
      const [name, version] = file.split("-");
      const hash = createHash("sha256").update(Buffer.from(content, "base64")).digest("hex");
      return `${name}==${version} --hash=sha256:${hash}`;
    });
    expect(carried).toEqual(listed);
  }
});

test("a build's context is two files, since BuildKit asks for each", async () => {
  expect(Object.keys(RUNTIME_CONTEXT).sort()).toEqual(["runtime.json", "unpack.py"]);
  expect(RUNTIME_CONTEXT["unpack.py"]).toBe(await Bun.file(join(SOURCE, "unpack.py")).text());
});
