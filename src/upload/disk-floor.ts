import { statfs } from "node:fs/promises";

import { RunnerError } from "../lib/errors.ts";

export type DiskFloor = {
  /**
   * Call before work that may write `bytes` more, and again while it goes on.
   * @throws RunnerError DISK_FULL when less than the floor would be left
   */
  assertRoomFor(bytes: number): Promise<void>;
};

/** Keeps `floorBytes` free on the file system of `directory`: what dockerd and the runner need to go on. */
export function createDiskFloor(options: {
  directory: string;
  floorBytes: number;
  /** For tests; by default what statfs says an unprivileged process may still take. */
  freeBytes?: (() => Promise<number>) | undefined;
}): DiskFloor {
  const { directory, floorBytes, freeBytes = () => freeBytesOf(directory) } = options;
  return {
    async assertRoomFor(bytes) {
      const free = await freeBytes();
      if (free - bytes < floorBytes) throw diskFull({ free, floorBytes });
    },
  };
}

/** No space, no inodes and no quota all read the same to the user; anything else is returned as it came. */
export function asDiskFull(error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOSPC" || code === "EDQUOT" ? diskFull({ cause: error }) : error;
}

function diskFull(state: { free?: number; floorBytes?: number; cause?: unknown }): RunnerError {
  const { free, floorBytes, cause } = state;
  const details = free === undefined ? {} : { details: { free_bytes: free, floor_bytes: floorBytes } };
  return new RunnerError(
    "DISK_FULL",
    "the runner's disk is full; remove agents or images, or give it more room",
    {
      ...details,
      cause,
    },
  );
}

async function freeBytesOf(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}
