import { expect, test } from "bun:test";
import { mkdir } from "node:fs/promises";

import { hasJoined, joinSwarm, readIdentity } from "../../src/config/identity.ts";
import { backup } from "../../src/host/backup.ts";
import { ownEntries } from "../../src/host/data-dir.ts";
import { restore } from "../../src/host/restore.ts";
import { scratchDirectory } from "../fixtures/archives/scratch.ts";

const IDENTITY = { runnerId: "swarm", digestKey: "key" };

test("a directory that has joined a swarm says so, of this swarm alone, and a backup of it does not", async () => {
  await using scratch = await scratchDirectory();
  const [first, copy, file] = [scratch.path("first"), scratch.path("copy"), scratch.path("backup.tar.gz")];
  await mkdir(first);
  await readIdentity(first);
  expect(await hasJoined(first, IDENTITY)).toBe(false);
  await joinSwarm(first, IDENTITY);
  expect(await readIdentity(first)).toEqual(IDENTITY);
  expect(await hasJoined(first, IDENTITY)).toBe(true);
  expect(await hasJoined(first, { ...IDENTITY, digestKey: "another" })).toBe(false);
  expect((await ownEntries(first)).others).toEqual([]);

  await backup(first, file);
  await restore(file, copy);
  expect(await readIdentity(copy)).toEqual(IDENTITY);
  expect(await hasJoined(copy, IDENTITY)).toBe(false);
});
