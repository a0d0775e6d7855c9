import { closeSync, constants } from "node:fs";
import { access, mkdir } from "node:fs/promises";
import { join } from "node:path";

import { dataDirError, unusable } from "./data-dir-error.ts";
import { tryLock } from "./file-lock.ts";
import { type Identity, readIdentity } from "./identity.ts";

/** Another runner may take the directory once this is disposed of. */
export type DataDir = AsyncDisposable & {
  identity: Identity;
  /** Holds the lock, for whoever has it open. Undefined before it was inherited. */
  readonly lock: number | undefined;
  /** Takes over the lock of another process, which has opened it. */
  inherit(lock: number): void;
};

const IN_USE = "another runner is using it; give each a directory of its own";
const CANNOT_HAND_OVER =
  "the runner that is using it cannot hand over: it is just starting, or too old; stop it first";

/**
 * Makes the directory if it is missing and takes its lock, unless another process will hand that over. Throws StartError
 * when that fails.
 */
export async function openDataDir(
  path: string,
  { isTakeover = false, isHandedOver = false } = {},
): Promise<DataDir> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    const taken = isHandedOver ? undefined : await tryLock(join(path, "lock"));
    if (taken === undefined && !isHandedOver) throw unusable(path, isTakeover ? CANNOT_HAND_OVER : IN_USE);
    let lock = taken;
    const release = async () => {
      await lock?.release();
      lock = undefined;
    };
    const identity = await readIdentity(path).catch(async (error: unknown) => {
      await release();
      throw error;
    });
    return {
      identity,
      get lock() {
        return lock?.fd;
      },
      inherit(fd) {
        lock = { fd, release: async () => closeSync(fd) };
      },
      [Symbol.asyncDispose]: release,
    };
  } catch (error) {
    throw dataDirError(path, error);
  }
}
