import { expect, test } from "bun:test";
import { cp, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";

import { HANDLER } from "../helpers/agents.ts";
import { runBinary } from "../helpers/binary.ts";
import { eventually } from "../helpers/eventually.ts";
import { startRunner } from "../helpers/runner.ts";

test("a copied data directory starts once its runner has ended, and touches nothing before", async () => {
  await using runner = await startRunner();
  await runner.deploy("mine", HANDLER);
  const before = await runner.containers();
  const copy = `${runner.dataDir}-copy`;
  await cp(runner.dataDir, copy, { recursive: true, filter: async (path) => !(await stat(path)).isSocket() });
  try {
    const settings = {
      OKEN_PORT: "0",
      OKEN_DATA_DIR: copy,
      OKEN_DOCKER_NETWORK: runner.network,
      OKEN_LOG_FORMAT: "json",
    };
    const refused = await runBinary(["serve"], settings);
    expect(refused).toMatchObject({ out: "", code: 2 });
    expect(refused.error).toContain(
      `oken-runner: OKEN_DATA_DIR is "${copy}", which has the identity of the runner in "${runner.dataDir}" on host `,
    );
    expect(refused.error).toContain(`as process ${runner.pid}, and that one is running; stop it,`);
    expect(await runner.containers()).toEqual(before);
    expect((await runner.invoke("mine", { name: "Ada" })).status).toBe(200);

    await runner.kill("SIGKILL");
    await runner.restart({ OKEN_DATA_DIR: copy });
    await eventually(async () =>
      expect((await runner.request("GET", "/agents/mine")).body).toMatchObject({ status: "running" }),
    );
    expect(await runner.containers()).toEqual(before);
  } finally {
    await rm(copy, { recursive: true });
  }
});

test("agents of an emptied data directory stay, and the log names them with what to do", async () => {
  await using runner = await startRunner();
  await runner.deploy("lost", HANDLER);
  const before = await runner.containers();
  await runner.kill("SIGTERM");
  for (const name of ["runner.json", "agents"])
    await rename(join(runner.dataDir, name), join(runner.dataDir, `lost-${name}`));
  await runner.restart();
  // Without agents of its own it leaves nothing in the engine.
  await using undo = new AsyncDisposableStack();
  undo.defer(async () => void (await runner.kill("SIGTERM")));
  const warning = await eventually(() => {
    const found = runner.log().find(({ agents }) => Array.isArray(agents) && agents.includes("lost"));
    expect(found).toBeDefined();
    return found;
  });
  expect(warning).toMatchObject({ level: "warn", agents: ["lost"], data_dir: runner.dataDir });
  expect(await runner.containers()).toEqual(before);
});
