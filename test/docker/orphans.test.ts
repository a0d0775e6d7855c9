import { afterAll, expect, test } from "bun:test";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createDockerExec } from "../../src/docker/exec.ts";
import { type Owner, endOrphans } from "../../src/docker/orphans.ts";

const directory = await mkdtemp(join(tmpdir(), "oken-orphans-"));
afterAll(() => rm(directory, { recursive: true, force: true }));

/** A command in docker's place, which starts another and runs until it is killed. */
async function startCommand(owner: Owner) {
  const binary = join(directory, Bun.randomUUIDv7());
  await writeFile(
    binary,
    "#!/bin/bash\ntrap '' TERM\n(trap '' TERM; sleep 60) & echo ready; sleep 60; wait\n",
  );
  await chmod(binary, 0o755);
  const exec = createDockerExec({ binary, environment: { PATH: process.env["PATH"] }, owner });
  const ended = Promise.withResolvers<unknown>();
  const ready = Promise.withResolvers<void>();
  const read = async () => {
    for await (const { text } of exec.stream(["buildx", "build"]))
      if (text.includes("ready")) ready.resolve();
  };
  read().then(ended.resolve, ended.resolve);
  await ready.promise;
  return { ended: ended.promise, [Symbol.asyncDispose]: () => exec.close() };
}

test("commands of an earlier run are killed with what they started, and nobody else's", async () => {
  const runnerId = Bun.randomUUIDv7();
  const now: Owner = { runnerId, run: "2" };
  await using command = await startCommand({ runnerId, run: "1" });
  await using own = await startCommand(now);
  await using neighbour = await startCommand({ runnerId: Bun.randomUUIDv7(), run: "1" });
  // The command, the one it started, and what those two sleep in.
  expect(await endOrphans(now)).toBeGreaterThanOrEqual(2);
  expect(await command.ended).toMatchObject({ code: "CONTAINER_ERROR" });
  expect(await endOrphans(now)).toBe(0);
  for (const { ended } of [own, neighbour])
    expect(await Promise.race([ended, Promise.resolve("still running")])).toBe("still running");
});
