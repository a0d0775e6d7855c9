import { expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { buildRefsDir, createBuildRefSweep } from "../../../src/agents/disk/build-refs.ts";
import { createLog } from "../../../src/lib/log.ts";
import { createFakeClock } from "../../helpers/fake-clock.ts";

const HOUR_MS = 3_600_000;

test("of buildx's files those of this runner's builds go that have ended, once an hour", async () => {
  const refsDir = await mkdtemp(join(tmpdir(), "oken-test-"));
  const clock = createFakeClock();
  const node = join(refsDir, "default", "default");
  await mkdir(node, { recursive: true });
  await writeFile(join(refsDir, "version"), "2");
  const write = async (name: string, text: string, agoMs = 2 * HOUR_MS) => {
    await writeFile(join(node, name), text);
    const at = (clock.now() - agoMs) / 1000;
    await utimes(join(node, name), at, at);
  };
  const own = JSON.stringify({ Target: "default", LocalPath: "/data/agents/echo/versions/1/build/x" });
  await write("ended", own);
  await write("under-way", own, 0);
  await write("others", JSON.stringify({ LocalPath: "/data-2/agents/echo" }));
  await write("damaged", "{");
  const log = createLog({ level: "silent", format: "json" });
  const sweep = createBuildRefSweep({ clock, log }, { refsDir, dataDir: "/data" });
  await sweep();
  const left = ["damaged", "others", "under-way"];
  expect((await readdir(node)).toSorted()).toEqual(left);
  await write("later", own);
  await sweep();
  expect((await readdir(node)).toSorted()).toEqual(["damaged", "later", "others", "under-way"]);
  await clock.advance(HOUR_MS);
  await sweep();
  expect((await readdir(node)).toSorted()).toEqual(["damaged", "others"]);
  await rm(refsDir, { recursive: true });
  await clock.advance(HOUR_MS);
  await sweep();
});

test.each([
  [{ HOME: "/h" }, "/h/.docker/buildx/refs"],
  [{ HOME: "/h", DOCKER_CONFIG: "/d" }, "/d/buildx/refs"],
  [{ DOCKER_CONFIG: "/d", BUILDX_CONFIG: "/b" }, "/b/refs"],
])("with %j they are in %s", (environment, directory) => {
  expect(buildRefsDir(environment)).toBe(directory);
});
