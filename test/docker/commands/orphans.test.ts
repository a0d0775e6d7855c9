import { afterAll, expect, test } from "bun:test";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createDockerExec } from "../../../src/docker/exec.ts";
import { type Owner, endOrphans } from "../../../src/docker/commands/orphans.ts";

const directory = await mkdtemp(join(tmpdir(), "oken-orphans-"));
afterAll(() => rm(directory, { recursive: true, force: true }));

/** A command instead of docker, which starts another one and runs until it is killed. */
async function startCommand(owner: Owner) {
  const binary = join(directory, Bun.randomUUIDv7());
  await writeFile(
    binary,
    `#!/bin/bash
trap '' TERM
trap 'echo alive' USR1
(trap '' TERM; sleep 60) & echo "ready $$"
while kill -0 $!; do wait; done
`,
  );
  await chmod(binary, 0o755);
  const exec = createDockerExec({ binary, environment: { PATH: process.env["PATH"] }, owner });
  const ended = Promise.withResolvers<unknown>();
  const ready = Promise.withResolvers<number>();
  const alive = Promise.withResolvers<string>();
  const read = async () => {
    for await (const { text } of exec.stream(["buildx", "build"])) {
      const [, pid] = /ready (\d+)/.exec(text) ?? [];
      if (pid !== undefined) ready.resolve(Number(pid));
      if (text.includes("alive")) alive.resolve("alive");
    }
  };
  read().then(ended.resolve, ended.resolve);
  const pid = await ready.promise;
  return {
    ended: ended.promise,
    /** Asks the command itself: "alive", or how it ended. */
    async state() {
      process.kill(pid, "SIGUSR1");
      return Promise.race([alive.promise, ended.promise]);
    },
    [Symbol.asyncDispose]: () => exec.close(),
  };
}

test("commands of an earlier run are killed with what they started, and no others", async () => {
  const runnerId = Bun.randomUUIDv7();
  const now: Owner = { runnerId, run: "2" };
  await using command = await startCommand({ runnerId, run: "1" });
  await using own = await startCommand(now);
  await using neighbour = await startCommand({ runnerId: Bun.randomUUIDv7(), run: "1" });
  // The command, the one it started, and what those two sleep in.
  expect(await endOrphans(now)).toBeGreaterThanOrEqual(2);
  expect(await command.ended).toMatchObject({ code: "CONTAINER_ERROR" });
  expect(await endOrphans(now)).toBe(0);
  expect(await Promise.all([own.state(), neighbour.state()])).toEqual(["alive", "alive"]);
});
