import type { Engine } from "../../docker/types.ts";
import { showBytes } from "../../lib/bytes.ts";
import { RunnerError } from "../../lib/errors.ts";
import { once } from "../../lib/once.ts";
import { disksOf } from "./place.ts";

type RoomOptions = {
  engine: Pick<Engine, "storageRoot">;
  dataDir: string;
  /** Bytes that stay free on each disk. */
  floorBytes: number;
  /** What the disks have; by default as the system tells it. */
  look?: typeof disksOf;
};

/** For a build on its way: rejects with DISK_FULL when a disk has less than its floor. What cannot be looked at has room. */
export function createRoom({
  engine,
  dataDir,
  floorBytes,
  look = disksOf,
}: RoomOptions): () => Promise<void> {
  let root: string | undefined;
  const engineRoot = once(async () => (root = await engine.storageRoot()));
  return async () => {
    engineRoot().catch(() => undefined);
    const disks = await look(dataDir, root).catch(() => []);
    const full = disks.find(({ free }) => free < floorBytes);
    if (full === undefined) return;
    throw new RunnerError(
      "DISK_FULL",
      `The build was ended, since it left ${showBytes(full.free)} free on the disk of ${full.path}, where ${showBytes(floorBytes)} must stay free (OKEN_MIN_FREE_BYTES). Use smaller packages, remove agents, or give it more room.`,
      { details: { disk: full.path, free_bytes: full.free, floor_bytes: floorBytes } },
    );
  };
}
