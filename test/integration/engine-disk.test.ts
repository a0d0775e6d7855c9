import { expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { evictable } from "../../src/agents/disk/cache-order.ts";
import { createRoom } from "../../src/agents/disk/room.ts";
import { createBuildx } from "../../src/docker/images/buildx.ts";
import { createDisk } from "../../src/docker/storage/disk.ts";
import { createFactsReader } from "../../src/docker/engine-facts.ts";
import { createDockerExec } from "../../src/docker/exec.ts";
import { createVolumes } from "../../src/docker/storage/volumes.ts";
import { canStartEngine, startSmallEngine } from "../helpers/small-engine.ts";
import { wheel, wheelName } from "../helpers/wheel.ts";
import type { Files } from "../helpers/tree.ts";
import { buildFiles, buildSettings } from "./harness-build.ts";

setDefaultTimeout(300_000);

const MiB = 1024 ** 2;

test.skipIf(!canStartEngine)(
  "an engine whose disk is full says so, and builds when there is room again; what builds left can be removed",
  async () => {
    await using engine = await startSmallEngine(1024 * MiB);
    await using wheels = await folderOfWheels();
    const { pythonImage, uvImage } = buildSettings();
    for (const image of [pythonImage.replaceAll("{version}", "3.12"), uvImage]) await engine.load(image);
    const options = {
      environment: { DOCKER_HOST: engine.host },
      settings: { findLinks: wheels.folder, offline: true },
    };
    // With these the layers that all agents share are there.
    await using shared = await buildFiles({ "main.py": "" }, options);
    expect(shared.imageId).toMatch(/^sha256:/);
    const cases: { when: string; left: number; upload: Files }[] = [
      {
        when: "it takes in the upload",
        left: 10,
        upload: { "main.py": "", "model.bin": randomBytes(40 * MiB) },
      },
      {
        when: "a package is installed",
        left: 60,
        upload: { "main.py": "", "requirements.txt": "oken-large\n" },
      },
    ];
    for (const { when, left, upload } of cases) {
      const error = await engine.nearlyFull(left * MiB, () =>
        buildFiles(upload, options).catch((it: unknown) => it),
      );
      expect({ when, error }).toMatchObject({
        when,
        error: { code: "DISK_FULL", details: { class: "disk" } },
      });
      await using built = await buildFiles(upload, options);
      expect(built.imageId).toMatch(/^sha256:/);
    }

    const assertRoom = createRoom({
      engine: { storageRoot: () => Promise.resolve(engine.data) },
      dataDir: tmpdir(),
      floorBytes: 250 * MiB,
    });
    const bomb = { "main.py": "", "requirements.txt": "oken-bomb\n" };
    const ended = await engine.nearlyFull(350 * MiB, () =>
      buildFiles(bomb, { ...options, assertRoom }).catch((it: unknown) => it),
    );
    expect(ended).toMatchObject({
      code: "DISK_FULL",
      details: { disk: engine.data, floor_bytes: 250 * MiB },
    });

    const exec = createDockerExec({ environment: { ...process.env, DOCKER_HOST: engine.host } });
    const volumes = createVolumes(exec, "none");
    const buildx = createBuildx(createFactsReader(exec));
    const own = createDisk({ exec, buildx, volumes, runnerId: "none" });
    const volume = { name: "oken-test-data", path: "/data", shared: false };
    const identity = { agentId: "echo", version: 1, spec: "spec" };
    const image = pythonImage.replaceAll("{version}", "3.12");
    await volumes.prepare({ image, identity, userId: 1000, volumes: [volume] });
    expect((await own.diskUsage()).volumes).toMatchObject([{ agentId: "echo", path: "/data" }]);
    const before = evictable((await own.diskUsage()).cache).map(({ id }) => id);
    expect(await own.pruneCache(before)).toBeGreaterThan(40 * MiB);
    const after = new Set((await own.diskUsage()).cache.map(({ id }) => id));
    expect(before.filter((id) => after.has(id))).toEqual([]);
    // Layers of the image that is there were in use.
    expect(after.size).toBeGreaterThan(0);
    await using again = await buildFiles({ "main.py": "", "requirements.txt": "oken-large\n" }, options);
    expect(again.imageId).toMatch(/^sha256:/);
  },
);

async function folderOfWheels() {
  const folder = await mkdtemp(join(tmpdir(), "oken-test-"));
  for (const [name, size] of [
    ["oken_large", 40],
    ["oken_bomb", 80],
  ] as const) {
    const file = wheel(name, "1", { [`${name}.py`]: `TEXT = "${"x".repeat(size * MiB)}"\n` });
    await writeFile(join(folder, wheelName(name, "1")), file);
  }
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}
