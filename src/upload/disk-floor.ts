import { statfs } from "node:fs/promises";

import { RunnerError } from "../lib/errors.ts";

export type DiskFloor = {
  /**
   * To be called before work that may write `bytes`, and again while it goes on.
   * @throws RunnerError DISK_FULL when less than the floor would be left
   */
  assertRoomFor(bytes: number): Promise<void>;
};

/** Keeps `floorBytes` free on the file system of `directory`, for dockerd and the runner to go on. */
export function createDiskFloor(options: {
  directory: string;
  floorBytes: number;
  /** For tests. By default, what an unprivileged process may still write. */
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

/** DISK_FULL for an error of a full disk or a full quota. Any other error is returned unchanged. */
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
