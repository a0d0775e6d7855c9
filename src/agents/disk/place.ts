import { stat, statfs } from "node:fs/promises";

/** Where something is: in the data directory, or with the engine. */
export type Place = "runner" | "engine";

/** A disk that the runner uses, and for what. */
export type DiskSpace = {
  path: string;
  holds: Place[];
  total: number;
  /** What a process without privileges may still write. */
  free: number;
  /** By everybody. */
  used: number;
};

/**
 * The disks of the data directory and of the engine: one, or two. An engine whose directory cannot be looked at from
 * here is taken to be on the disk of the data directory.
 */
export async function disksOf(dataDir: string, engineRoot: string | undefined): Promise<DiskSpace[]> {
  const own = await deviceOf(dataDir);
  const other = engineRoot === undefined ? undefined : await deviceOf(engineRoot).catch(() => undefined);
  if (engineRoot === undefined || other === undefined || other === own)
    return [await spaceOf(dataDir, ["runner", "engine"])];
  return Promise.all([spaceOf(dataDir, ["runner"]), spaceOf(engineRoot, ["engine"])]);
}

async function deviceOf(path: string): Promise<number> {
  return (await stat(path)).dev;
}

async function spaceOf(path: string, holds: Place[]): Promise<DiskSpace> {
  const { blocks, bfree, bavail, bsize } = await statfs(path);
  return { path, holds, total: blocks * bsize, free: bavail * bsize, used: (blocks - bfree) * bsize };
}
