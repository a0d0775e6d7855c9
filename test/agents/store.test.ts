import { expect, test } from "bun:test";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createStore } from "../../src/agents/store.ts";
import { versionRecord } from "../helpers/records.ts";

async function fixture() {
  const directory = await mkdtemp(join(tmpdir(), "oken-test-"));
  const store = createStore(directory);
  await mkdir(store.versionDir("echo", 1), { recursive: true });
  return {
    store,
    file: join(store.versionDir("echo", 1), "version.json"),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

test("a version is read as it was written, with what its image was built from", async () => {
  await using disk = await fixture();
  const record = {
    ...versionRecord(1),
    bases: { "docker.io/library/python:3.12": "sha256:base" },
    resolution_key: "key",
  };
  await disk.store.writeVersion("echo", record);
  expect(await disk.store.readVersion("echo", 1)).toEqual(JSON.parse(JSON.stringify(record)));
});

test("a version of an earlier runner still has the key of its resolution, which was called packages", async () => {
  await using disk = await fixture();
  await writeFile(disk.file, JSON.stringify({ ...versionRecord(1), packages: "key" }));
  const record = await disk.store.readVersion("echo", 1);
  expect(record).toMatchObject({ version: 1, resolution_key: "key" });
  expect(record).not.toHaveProperty("packages");
});

test("a record without bases and a key, of a still earlier runner, is read", async () => {
  await using disk = await fixture();
  await writeFile(disk.file, JSON.stringify(versionRecord(1)));
  expect(await disk.store.readVersion("echo", 1)).toMatchObject({ version: 1, image_id: "sha256:1" });
});

test.each([
  ["cut off", (text: string) => text.slice(0, 20)],
  ["without its image", (text: string) => text.replace('"image":', '"picture":')],
  ["with a base that is no text", (text: string) => text.replace("{", '{"bases":{"python":1},')],
])("a record %s is refused", async (_, damage) => {
  await using disk = await fixture();
  await writeFile(disk.file, damage(JSON.stringify(versionRecord(1))));
  await expect(disk.store.readVersion("echo", 1)).rejects.toThrow();
});

test("the agent's user has a name, whatever its number", async () => {
  await using disk = await fixture();
  await disk.store.writePasswd("echo", 1, 200_001);
  expect(await readFile(disk.store.passwdPath("echo", 1), "utf8")).toContain(
    "\nagent:x:200001:200001:agent:/home/agent:/bin/sh\n",
  );
});
