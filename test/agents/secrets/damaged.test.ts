import { expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { scratchDirectory } from "../../fixtures/archives/scratch.ts";
import { createFakeEngine } from "../../helpers/fake-engine.ts";
import { startMortal } from "../../helpers/mortal-runner.ts";

const KEY = Buffer.alloc(32, 7);

test.each([
  ["plain", undefined, "secrets.json"],
  ["encrypted", KEY, "secrets.sealed"],
])("the same deploy again mends an agent whose %s secrets are damaged", async (_, secretsKey, file) => {
  await using scratch = await scratchDirectory();
  const world = { directory: scratch.path(), engine: createFakeEngine(), secretsKey };
  const runner = await startMortal(world);
  await runner.deploy("one");
  await runner.sleep();
  await world.engine.removeContainer([...world.engine.containers.keys()][0] ?? "");
  await writeFile(join(runner.parts.store.versionDir("echo", 1), file), "{");
  await expect(runner.invoke()).rejects.toThrow("version 1 cannot be read");
  expect(await runner.deploy("one")).toMatchObject({ version: 2, unchanged: false });
  expect(await runner.invoke()).toBe(2);
  expect(await runner.parts.secrets.readSecrets("echo", 2)).toEqual({ KEY: "one" });
  expect(await runner.deploy("one")).toMatchObject({ version: 2, unchanged: true });
  runner.kill();
});
