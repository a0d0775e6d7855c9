import { expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createHistory } from "../../src/agents/deploy/history.ts";
import { createStore } from "../../src/agents/store.ts";
import { ownEntries, removeOwn } from "../../src/host/data-dir.ts";

test("all that the runner makes is its own, and goes; what others put there stays", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "oken-data-"));
  try {
    const store = createStore(dataDir);
    await store.createStaging();
    await mkdir(store.versionDir("echo", 1), { recursive: true });
    await mkdir(store.agentDir("gone"));
    await store.removeAgent("gone");
    await mkdir(store.runtimeDir);
    const history = createHistory(dataDir);
    const number = history.next("echo");
    await history.write({ schema: 1, agent_id: "echo", number, state: "running", created_at: 0, events: [] });
    await writeFile(join(dataDir, "notes.txt"), "mine");
    const { own, others } = await ownEntries(dataDir);
    expect({ own: own.sort(), others }).toEqual({
      own: ["agents", "deployments", "removed", "runtime", "staging"],
      others: ["notes.txt"],
    });
    await removeOwn(dataDir);
    expect(await readdir(dataDir)).toEqual(["notes.txt"]);
  } finally {
    await rm(dataDir, { recursive: true });
  }
});
