import { expect, test } from "bun:test";
import { lstat, mkdir, readFile, symlink } from "node:fs/promises";

import { createTreeWriter } from "../../../src/upload/archive/tree-writer.ts";
import { scratchDirectory } from "../../fixtures/archives/scratch.ts";

async function* large() {
  yield Buffer.from("evil");
}

test("no file is written through a link that appears in the tree meanwhile", async () => {
  await using scratch = await scratchDirectory();
  await mkdir(scratch.path("tree"));
  await Bun.write(scratch.path("victim"), "untouched");
  for (const name of ["small", "large", "dangling"]) {
    await symlink(name === "dangling" ? "../none" : "../victim", scratch.path("tree", name));
  }

  for (const name of ["small", "dangling"]) {
    const writer = createTreeWriter(scratch.path("tree"));
    await writer.smallFile({ path: name, executable: false }, Buffer.from("evil"));
    expect(await writer.settle().catch((error: NodeJS.ErrnoException) => error.code)).toBe("EEXIST");
  }
  const writer = createTreeWriter(scratch.path("tree"));
  const written = writer.largeFile({ path: "large", executable: false }, large());
  expect(await written.catch((error: NodeJS.ErrnoException) => error.code)).toBe("EEXIST");

  expect(await readFile(scratch.path("victim"), "utf8")).toBe("untouched");
  expect(await lstat(scratch.path("none")).catch(() => "absent")).toBe("absent");
});

test("a file is written after its directories, however many writes are under way", async () => {
  await using scratch = await scratchDirectory();
  const writer = createTreeWriter(scratch.path());
  const names = Array.from({ length: 200 }, (_, i) => `d${i}`);
  for (const name of names) {
    await writer.directory(name);
    await writer.directory(`${name}/e`);
    await writer.smallFile({ path: `${name}/e/f`, executable: true }, Buffer.from(name));
  }
  await writer.settle();
  for (const name of names) expect(await readFile(scratch.path(name, "e/f"), "utf8")).toBe(name);
});
