import { expect, test } from "bun:test";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { dataDirError } from "../../src/config/data-dir-error.ts";
import { openDataDir } from "../../src/config/data-dir.ts";

async function scratch() {
  const directory = await mkdtemp(join(tmpdir(), "oken-data-dir-"));
  return {
    path: join(directory, "data"),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

async function identityOf(path: string) {
  await using dataDir = await openDataDir(path);
  return dataDir.identity;
}

test("a directory keeps its identity, and another has one of its own", async () => {
  await using first = await scratch();
  await using second = await scratch();
  const identity = await identityOf(first.path);
  expect(await identityOf(first.path)).toEqual(identity);
  expect((await identityOf(second.path)).runnerId).not.toBe(identity.runnerId);
});

test("it is made with its parents, for its owner only, and holds no temporary file", async () => {
  await using directory = await scratch();
  await using _ = await openDataDir(join(directory.path, "below"));
  expect((await stat(join(directory.path, "below"))).mode & 0o777).toBe(0o700);
  expect((await readdir(join(directory.path, "below"))).sort()).toEqual(["lock", "runner.json"]);
  expect((await stat(join(directory.path, "below", "runner.json"))).mode & 0o777).toBe(0o600);
});

test("its holder keeps others out until it lets go", async () => {
  await using directory = await scratch();
  {
    await using _ = await openDataDir(directory.path);
    await expect(openDataDir(directory.path)).rejects.toThrow("another runner is using it");
  }
  await using _ = await openDataDir(directory.path);
});

test.each([
  ["empty", ""],
  ["cut off", "{"],
  ["another program's", '{"runnerId":"x"}'],
  ["full of zeros", "\0".repeat(130)],
  ["a way out of the directory", '{"runnerId":"../../etc","digestKey":"key"}'],
])("a directory whose identity is %s is unlocked again", async (_what, text) => {
  await using directory = await scratch();
  await Bun.write(join(directory.path, "runner.json"), text);
  await expect(openDataDir(directory.path)).rejects.toThrow("its runner.json is damaged");
  await rm(join(directory.path, "runner.json"));
  await using _ = await openDataDir(directory.path);
});

test.each([
  ["EEXIST", "that is not a directory"],
  ["ENOTDIR", "that is not a directory"],
  ["EACCES", "this user may not write there"],
  ["EPERM", "this user may not write there"],
  ["EROFS", "its file system is read-only"],
  ["ENOSPC", "its disk is full"],
  ["EDQUOT", "its disk quota is used up"],
  ["EIO", "it cannot be used: EIO: what the system said"],
])("%s becomes a plain sentence", (code, why) => {
  const error = Object.assign(new Error(`${code}: what the system said`), { code });
  expect(dataDirError("/data", error).message).toBe(`OKEN_DATA_DIR is "/data", but ${why}.`);
});
