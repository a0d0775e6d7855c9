import { constants } from "node:fs";
import { access, mkdir } from "node:fs/promises";
import { join } from "node:path";

import { dataDirError, unusable } from "./data-dir-error.ts";
import { tryLock } from "./file-lock.ts";
import { type Identity, readIdentity } from "./identity.ts";

/** Another runner may take the directory once this is disposed of. */
export type DataDir = AsyncDisposable & { identity: Identity };

/** Makes the directory if it is missing and takes its lock. Throws StartError when that fails. */
export async function openDataDir(path: string): Promise<DataDir> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    const lock = await tryLock(join(path, "lock"));
    if (lock === undefined)
      throw unusable(path, "another runner is using it; give each a directory of its own");
    const identity = await readIdentity(path).catch(async (error: unknown) => {
      await lock.release();
      throw error;
    });
    return { identity, [Symbol.asyncDispose]: () => lock.release() };
  } catch (error) {
    throw dataDirError(path, error);
  }
}
