import { expect, test } from "bun:test";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { openDataDir } from "../../src/config/data-dir.ts";
import { describeHolder, lifeOf } from "../../src/config/holder.ts";

/** A data directory that is in use, and its holder; and a copy of it, in use as well. */
async function twoDirectories() {
  const root = await mkdtemp(join(tmpdir(), "oken-holder-"));
  const [first, copy] = [join(root, "first"), join(root, "copy")];
  const held = await openDataDir(first);
  await cp(first, copy, { recursive: true });
  const copied = await openDataDir(copy);
  return {
    first: await describeHolder(first),
    copy: await describeHolder(copy),
    release: () => held[Symbol.asyncDispose](),
    async [Symbol.asyncDispose]() {
      await held[Symbol.asyncDispose]();
      await copied[Symbol.asyncDispose]();
      await rm(root, { recursive: true });
    },
  };
}

test("whoever holds the lock of the same directory knows that the one before has ended", async () => {
  await using dirs = await twoDirectories();
  expect(await lifeOf({ ...dirs.first, boot: "another" }, dirs.first)).toBe("ended");
});

test("a process is known by its number and its start", async () => {
  await using dirs = await twoDirectories();
  expect(await lifeOf(dirs.first, dirs.copy)).toBe("running");
  expect(await lifeOf({ ...dirs.first, started: "1" }, dirs.copy)).toBe("ended");
  expect(await lifeOf({ ...dirs.first, pid: 2 ** 22 + 1 }, dirs.copy)).toBe("ended");
});

test("where the number says nothing, as in another container, the lock does", async () => {
  await using dirs = await twoDirectories();
  const elsewhere = { ...dirs.first, pidNamespace: "pid:[1]" };
  expect(await lifeOf(elsewhere, dirs.copy)).toBe("running");
  await dirs.release();
  expect(await lifeOf(elsewhere, dirs.copy)).toBe("ended");
  expect(await lifeOf({ ...elsewhere, dataDir: "/nowhere" }, dirs.copy)).toBe("unknown");
  expect(await lifeOf({ ...elsewhere, lock: "1" }, dirs.copy)).toBe("unknown");
});

test("a start of the host ends all, and another host is not known", async () => {
  await using dirs = await twoDirectories();
  expect(await lifeOf({ ...dirs.first, boot: "before" }, dirs.copy)).toBe("ended");
  expect(await lifeOf({ ...dirs.first, boot: "theirs", host: "elsewhere" }, dirs.copy)).toBe("unknown");
});

test("another host may have the same path, and a lock of the same number", async () => {
  await using dirs = await twoDirectories();
  const restored = { ...dirs.first, boot: "theirs", host: "elsewhere" };
  expect(await lifeOf(restored, dirs.first)).toBe("unknown");
});

test("and so may another container, whose path leads to another disk", async () => {
  await using dirs = await twoDirectories();
  const apart = { ...dirs.first, device: "1", pidNamespace: "pid:[1]" };
  expect(await lifeOf(apart, dirs.first)).toBe("unknown");
  expect(await lifeOf(apart, dirs.copy)).toBe("unknown");
});

test("a claim of an earlier version, without a device, is understood", async () => {
  await using dirs = await twoDirectories();
  const { device: _, ...first } = dirs.first;
  expect(await lifeOf(first, dirs.first)).toBe("ended");
  expect(await lifeOf({ ...first, pidNamespace: "pid:[1]" }, dirs.copy)).toBe("running");
});
