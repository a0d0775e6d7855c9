import { expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { createOwnFiles } from "../../../src/agents/disk/own-files.ts";

/** Of a directory and its files, what the file system rounds up to. */
const OVERHEAD = 64 * 1024;

const FILE = 1024 * 1024;

async function dataDir(...files: string[]) {
  const directory = await mkdtemp(join(tmpdir(), "oken-test-"));
  const add = async (path: string) => {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), Buffer.alloc(FILE, "x"));
  };
  for (const path of files) await add(path);
  return { directory, add, [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
}

const about = (files: number) => (bytes: number) => bytes >= files * FILE && bytes < files * FILE + OVERHEAD;

test("counts each agent's versions, what builds keep, records and staging", async () => {
  await using data = await dataDir(
    ...["agents/echo/versions/1/tree-a/main.py", "agents/echo/versions/2/tree-b/a/b/main.py"],
    ...["agents/echo/versions/2/version.json", "agents/echo/kept/list", "agents/echo/agent.json"],
    ...["deployments/echo/1.json", "staging/one/archive", "staging/uploads/two"],
  );
  const { versions, kept, deployments, staging } = await createOwnFiles(data.directory)();
  const found = versions.toSorted((a, b) => a.version - b.version);
  expect(found.map(({ agentId, version }) => [agentId, version])).toEqual([
    ["echo", 1],
    ["echo", 2],
  ]);
  expect(found.map(({ bytes }, at) => about(at + 1)(bytes))).toEqual([true, true]);
  expect([...kept, ...deployments, ...staging].map(({ bytes }) => about(1)(bytes))).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(staging.map(({ path }) => path).toSorted()).toEqual([
    join(data.directory, "staging", "one"),
    join(data.directory, "staging", "uploads", "two"),
  ]);
});

test("a version that came in the place of another is counted anew, and one that is gone no more", async () => {
  await using data = await dataDir("agents/echo/versions/1/main.py");
  const count = createOwnFiles(data.directory);
  await count();
  await rm(join(data.directory, "agents/echo/versions/1"), { recursive: true });
  expect((await count()).versions).toEqual([]);
  await data.add("agents/echo/versions/1/main.py");
  await data.add("agents/echo/versions/1/other.py");
  expect((await count()).versions.map(({ bytes }) => about(2)(bytes))).toEqual([true]);
});

test("an empty data directory has nothing", async () => {
  await using data = await dataDir();
  const nothing = { versions: [], kept: [], deployments: [], staging: [] };
  expect(await createOwnFiles(data.directory)()).toEqual(nothing);
});
