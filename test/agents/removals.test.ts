import { expect, test } from "bun:test";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { remove } from "../../src/agents/commands.ts";
import { createForgottenSweep } from "../../src/agents/forgotten.ts";
import { finishRemoval } from "../../src/agents/removals.ts";
import { createStore } from "../../src/agents/store.ts";
import { scratchDirectory } from "../fixtures/archives/scratch.ts";
import { agentParts } from "../helpers/agent-parts.ts";
import { specOf } from "../helpers/records.ts";

/** An agent that has a file, and a volume that somebody else's container uses as well. */
async function fixture(directory: string) {
  const made = agentParts({ state: "stopped" });
  const { engine } = made;
  const store = createStore(directory);
  await mkdir(store.agentDir("echo"), { recursive: true });
  await writeFile(join(store.agentDir("echo"), "agent.json"), "{}");
  const parts = { ...made.parts, store };
  engine.images.set("oken/echo:v3", {});
  const volume = { name: "data", path: "/data", shared: false };
  const { name } = await engine.startContainer({ ...specOf(3), name: "by-hand", volumes: [volume] });
  const volumes = async () => (await engine.listVolumes()).map((it) => it.name);
  const sweep = createForgottenSweep(parts, { imageTtlMs: 0, ttlMs: 0 });
  return { parts, engine, store, sweep, volumes, letGo: () => engine.removeContainer(name) };
}

test("an agent whose data cannot go is removed, its files at once, and the data when it can", async () => {
  await using scratch = await scratchDirectory();
  const { parts, store, sweep, volumes, letGo } = await fixture(scratch.path());
  await remove(parts, "echo");
  expect({ agent: parts.registry.find("echo"), volumes: await volumes() }).toEqual({
    agent: undefined,
    volumes: ["data"],
  });
  expect(await readdir(scratch.path(), { recursive: true })).not.toContain("agent.json");
  await sweep();
  expect({ volumes: await volumes(), removed: await store.listRemoved() }).toEqual({
    volumes: ["data"],
    removed: ["echo"],
  });
  await letGo();
  await sweep();
  expect({ volumes: await volumes(), removed: await store.listRemoved() }).toEqual({
    volumes: [],
    removed: [],
  });
});

test("data of an agent that is not known, and was not removed here, stays", async () => {
  await using scratch = await scratchDirectory();
  const { parts, store, sweep, volumes, letGo } = await fixture(scratch.path());
  parts.registry.remove("echo");
  await letGo();
  await sweep();
  await finishRemoval(parts, "echo");
  expect({ volumes: await volumes(), removed: await store.listRemoved() }).toEqual({
    volumes: ["data"],
    removed: [],
  });
});
