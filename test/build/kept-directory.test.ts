import { expect, test } from "bun:test";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

import { keptDirectory } from "../../src/build/kept-directory.ts";

async function temporaryDirectory() {
  const path = await mkdtemp(join(tmpdir(), "oken-test-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

test("files are written once, under a name made of their content", async () => {
  await using home = await temporaryDirectory();
  const parent = join(home.path, "kept");
  const files = { "main.py": "print(1)\n", "package/part.py": "" };
  const kept = keptDirectory({ parent, files });
  const [path, again] = await Promise.all([kept.path(), kept.path()]);
  expect(again).toBe(path);
  expect(await Bun.file(join(path, "main.py")).text()).toBe("print(1)\n");
  const { ctimeMs } = await stat(join(path, "main.py"));
  await kept.path();
  expect((await stat(join(path, "main.py"))).ctimeMs).toBe(ctimeMs);
});

test("what was cleaned away or cut short is written again", async () => {
  await using home = await temporaryDirectory();
  const files = { "main.py": "print(1)\n", "package/part.py": "2" };
  const kept = keptDirectory({ parent: join(home.path, "kept"), files });
  const path = await kept.path();
  await rm(join(path, "package"), { recursive: true });
  await kept.path();
  expect(await Bun.file(join(path, "package/part.py")).text()).toBe("2");
  await writeFile(join(path, "main.py"), "");
  await kept.path();
  expect(await Bun.file(join(path, "main.py")).text()).toBe("print(1)\n");
});

test("files of another content take the place of the earlier ones", async () => {
  await using home = await temporaryDirectory();
  const parent = join(home.path, "kept");
  const first = await keptDirectory({ parent, files: { "main.py": "1" } }).path();
  const second = await keptDirectory({ parent, files: { "main.py": "2" } }).path();
  expect(second).not.toBe(first);
  expect(await readdir(parent)).toEqual([basename(second)]);
});
