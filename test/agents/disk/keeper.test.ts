import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createDiskKeeper } from "../../../src/agents/disk/keeper.ts";
import type { Place } from "../../../src/agents/disk/place.ts";
import { wake } from "../../../src/agents/sleep/wake.ts";
import { runnerLabels } from "../../../src/docker/labels.ts";
import type { CacheRecord } from "../../../src/model/engine-disk.ts";
import { agentParts } from "../../helpers/agent-parts.ts";
import { eventually } from "../../helpers/eventually.ts";
import { specOf } from "../../helpers/records.ts";
import { turns } from "../../helpers/turns.ts";

/** Larger than any other thing here. */
const IMAGE_BYTES = 10 ** 9;

/** More than all files of the data directory here. */
const BUDGET = 10 ** 8;

/** Of a disk of which others have more than any budget here. */
const DISK = { total: 10 ** 13, free: 10 ** 12, used: 9 * 10 ** 12 };

const DAY_MS = 86_400_000;

type Fakes = Parameters<typeof agentParts>[0] & { budgetBytes?: number | undefined; floorBytes?: number };

/** An agent with three versions, whose images have a gigabyte each. */
async function fixture({ budgetBytes, floorBytes = 0, ...fakes }: Fakes = {}) {
  const made = agentParts(fakes);
  const { parts, engine, agent, clock } = made;
  // Since then no version is wanted soon.
  await clock.advance(2 * DAY_MS);
  const dataDir = await mkdtemp(join(tmpdir(), "oken-test-"));
  for (const { image } of agent.versions) {
    engine.images.set(image, runnerLabels("runner"));
    engine.storage.imageBytes.set(image, IMAGE_BYTES);
  }
  const look = () => Promise.resolve([{ path: dataDir, holds: ["runner", "engine"] as Place[], ...DISK }]);
  const keeperOf = (own: typeof parts) => createDiskKeeper(own, { dataDir, look, budgetBytes, floorBytes });
  return {
    ...made,
    keeper: keeperOf(parts),
    keeperOf,
    images: () => [...engine.images.keys()],
    counts: () => engine.calls("diskUsage").length,
    [Symbol.asyncDispose]: () => rm(dataDir, { recursive: true }),
  };
}

function record(id: string, rest: Partial<CacheRecord> = {}): CacheRecord {
  return { id, parents: [], bytes: IMAGE_BYTES, isInUse: false, isShared: false, lastUsed: 0, ...rest };
}

test("well below its budget it asks the engine for nothing", async () => {
  await using it = await fixture({ budgetBytes: 10 ** 18 });
  await it.keeper.sweep();
  await it.keeper.admit();
  expect(it.counts()).toBe(0);
});

test("over it, the cache goes before images of old versions, and what serves stays", async () => {
  await using it = await fixture({ state: "running", budgetBytes: IMAGE_BYTES + BUDGET });
  it.engine.storage.cache.push(record("used", { isInUse: true, bytes: 1 }), record("a"), record("b"));
  await it.keeper.sweep();
  expect(it.images()).toEqual(["oken/echo:v3"]);
  expect(it.engine.storage.cache.map(({ id }) => id)).toEqual(["used"]);
});

test("it stops as soon as there is room", async () => {
  await using it = await fixture({ state: "running", budgetBytes: 3.6 * IMAGE_BYTES });
  it.engine.storage.cache.push(record("old", { lastUsed: 1 }), record("new", { lastUsed: 2 }));
  await it.keeper.sweep();
  expect(it.images()).toHaveLength(3);
  expect(it.engine.storage.cache).toEqual([]);
});

test("of an agent that sleeps the container and the image go, and a wake meanwhile waits and makes them anew", async () => {
  await using it = await fixture();
  const { parts, agent, engine } = it;
  const name = parts.names.container("echo", 3);
  await engine.startContainer({ ...specOf(3), name });
  await engine.stopContainer(name, 0);
  const starts: boolean[] = [];
  const instances = {
    ...parts.instances,
    restart: (...args: Parameters<typeof parts.instances.restart>) => {
      starts.push(engine.images.has("oken/echo:v3"));
      return parts.instances.restart(...args);
    },
  };
  const waking = {
    ...engine,
    async removeContainer(container: string) {
      if (container === name && agent.state === "idle") wake({ ...parts, instances }, agent);
      await turns(10);
      await engine.removeContainer(container);
    },
  };
  const keeper = it.keeperOf({ ...parts, engine: waking });
  const { freed_bytes } = await keeper.prune({ isDry: false, budgetBytes: BUDGET });
  await turns(10);
  expect({
    starts,
    freed_bytes,
    state: agent.state,
    images: it.images(),
    containers: engine.containers.size,
  }).toEqual({
    starts: [false],
    freed_bytes: 3 * IMAGE_BYTES,
    state: "running",
    images: [],
    containers: 0,
  });
});

test("an agent with an operation under way is left alone", async () => {
  await using it = await fixture({ budgetBytes: BUDGET });
  const ending = Promise.withResolvers<void>();
  const operation = it.parts.operations.run("echo", { name: "deploy" }, () => ending.promise);
  await it.keeper.sweep();
  expect(it.images()).toHaveLength(3);
  ending.resolve();
  await operation;
});

test("a dry run says the same, and changes nothing", async () => {
  await using it = await fixture({ budgetBytes: undefined });
  const dry = await it.keeper.prune({ isDry: true, budgetBytes: BUDGET });
  expect(it.images()).toHaveLength(3);
  expect(dry).toMatchObject({ dry_run: true, freed_bytes: 3 * IMAGE_BYTES });
  const done = await it.keeper.prune({ isDry: false, budgetBytes: BUDGET });
  expect(done.removed).toEqual(dry.removed);
  expect(it.images()).toEqual([]);
});

test("a deploy that finds no room is refused with what takes the most", async () => {
  await using it = await fixture({ state: "running", budgetBytes: IMAGE_BYTES / 2 });
  const refusal = await it.keeper.admit().catch((error: unknown) => error);
  expect(refusal).toMatchObject({
    code: "DISK_FULL",
    status: 507,
    details: {
      status: "over_budget",
      budget_bytes: IMAGE_BYTES / 2,
      largest: [{ part: "images", name: "oken/echo:v3", agent_id: "echo", bytes: IMAGE_BYTES }],
    },
  });
  expect(String(refusal)).toContain("What takes the most: oken/echo:v3 of agent echo (954 MiB)");
  expect(it.images()).toEqual(["oken/echo:v3"]);
});

test("a deploy for which room could be made goes on", async () => {
  await using it = await fixture({ budgetBytes: BUDGET });
  await it.keeper.admit();
  expect(it.images()).toEqual([]);
});

test("where nothing more can go, the interval does not count again each time", async () => {
  await using it = await fixture({ state: "running", floorBytes: 10 ** 18 });
  for (let round = 0; round < 5; round += 1) await it.keeper.sweep();
  const first = it.counts();
  await it.keeper.sweep();
  expect(it.counts()).toBe(first);
  await it.clock.advance(600_000);
  await it.keeper.sweep();
  expect(it.counts()).toBe(first + 1);
});

test("passes never overlap, and an engine that is away ends one quietly", async () => {
  await using it = await fixture({ budgetBytes: BUDGET });
  let inside = 0;
  let most = 0;
  const { engine } = it;
  const counting = {
    ...engine,
    async diskUsage() {
      inside += 1;
      most = Math.max(most, inside);
      const usage = await engine.diskUsage();
      inside -= 1;
      return usage;
    },
  };
  const keeper = it.keeperOf({ ...it.parts, engine: counting });
  await Promise.all([keeper.sweep(), keeper.prune({ isDry: false }), keeper.sweep(), keeper.admit()]);
  expect(most).toBe(1);
  engine.goAway();
  await it.clock.advance(DAY_MS);
  await keeper.sweep();
  await expect(keeper.report()).rejects.toMatchObject({ code: "ENGINE_UNAVAILABLE" });
});

test("a deploy waits no longer than a minute for the engine, and no failure of the engine refuses it", async () => {
  await using it = await fixture({ budgetBytes: BUDGET });
  const silent = { ...it.engine, diskUsage: () => Promise.withResolvers<never>().promise };
  const admitted = it.keeperOf({ ...it.parts, engine: silent }).admit();
  await eventually(async () => {
    await it.clock.advance(60_000);
    expect(Bun.peek.status(admitted)).toBe("fulfilled");
  });
  it.engine.goAway();
  await it.keeper.admit();
  expect(it.images()).toHaveLength(3);
});
