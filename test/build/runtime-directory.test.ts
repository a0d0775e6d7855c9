import { expect, test } from "bun:test";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

import { runtimeDirectory } from "../../src/build/runtime-directory.ts";

const files = () => Promise.resolve({ "main.py": "print(1)\n", "package/part.py": "2" });

async function temporaryDirectory() {
  const path = await mkdtemp(join(tmpdir(), "oken-test-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

test("files are written once, under a name made of their content", async () => {
  await using home = await temporaryDirectory();
  const parent = join(home.path, "runtime");
  const runtime = runtimeDirectory({ parent, files });
  const [path, again] = await Promise.all([runtime.path(), runtime.path()]);
  expect(again).toBe(path);
  expect(await Bun.file(join(path, "main.py")).text()).toBe("print(1)\n");
  const { ctimeMs } = await stat(join(path, "main.py"));
  await runtime.path();
  expect((await stat(join(path, "main.py"))).ctimeMs).toBe(ctimeMs);
});

test("files that were deleted or cut short are written again", async () => {
  await using home = await temporaryDirectory();
  const runtime = runtimeDirectory({ parent: join(home.path, "runtime"), files });
  const path = await runtime.path();
  await rm(join(path, "package"), { recursive: true });
  await runtime.path();
  expect(await Bun.file(join(path, "package/part.py")).text()).toBe("2");
  await writeFile(join(path, "main.py"), "");
  await runtime.path();
  expect(await Bun.file(join(path, "main.py")).text()).toBe("print(1)\n");
});

test("files of another content take the place of the earlier ones", async () => {
  await using home = await temporaryDirectory();
  const parent = join(home.path, "runtime");
  const pathFor = (text: string) =>
    runtimeDirectory({ parent, files: () => Promise.resolve({ "main.py": text }) }).path();
  const first = await pathFor("1");
  const second = await pathFor("2");
  expect(second).not.toBe(first);
  expect(await readdir(parent)).toEqual([basename(second)]);
});
