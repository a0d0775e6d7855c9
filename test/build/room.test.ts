import { expect, test } from "bun:test";

import { createRoom } from "../../src/agents/disk/room.ts";
import { whileThereIsRoom } from "../../src/build/room.ts";
import { createFakeClock } from "../helpers/fake-clock.ts";

/** A build that runs until it is told how it ends, on a disk whose free bytes the test moves. */
function building(signal = new AbortController().signal) {
  const clock = createFakeClock();
  const disk = { free: 1_000, looks: 0 };
  const assertRoom = createRoom({
    engine: { storageRoot: () => Promise.resolve("/engine") },
    dataDir: "/data",
    floorBytes: 500,
    look: async (dataDir, engineRoot) => {
      disk.looks += 1;
      const own = { total: 9_000, used: 0, holds: [] };
      return [
        { ...own, path: dataDir, free: 1_000 },
        { ...own, path: engineRoot ?? "", free: disk.free },
      ];
    },
  });
  const ending = Promise.withResolvers<string>();
  const build = whileThereIsRoom({ clock, assertRoom, signal }, (own) => {
    own.addEventListener("abort", () => ending.reject(new Error("the build was stopped")));
    return ending.promise;
  });
  build.catch(() => undefined);
  return { clock, disk, build, ending };
}

test("a build that fills a disk is ended before the disk is full, and its caller told why", async () => {
  const { clock, disk, build } = building();
  await clock.advance(1_000);
  disk.free = 499;
  await clock.advance(250);
  await expect(build).rejects.toMatchObject({
    code: "DISK_FULL",
    message: expect.stringContaining("on the disk of /engine"),
    details: { disk: "/engine", free_bytes: 499, floor_bytes: 500 },
  });
  expect(clock.pending()).toBe(0);
});

test("one that leaves room ends as it does, and nobody looks any more", async () => {
  const { clock, disk, build, ending } = building();
  await clock.advance(1_000);
  expect(disk.looks).toBe(4);
  ending.resolve("built");
  expect(await build).toBe("built");
  expect(clock.pending()).toBe(0);
});

test("one that is cancelled says so, and not that a disk is full", async () => {
  const cancel = new AbortController();
  const { build } = building(cancel.signal);
  cancel.abort();
  await expect(build).rejects.toThrow("the build was stopped");
});

test("a disk that cannot be looked at ends nothing", async () => {
  const room = createRoom({
    engine: { storageRoot: () => Promise.reject(new Error("away")) },
    dataDir: "/nowhere/at/all",
    floorBytes: 1,
  });
  await room();
});
