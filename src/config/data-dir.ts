import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import { ConfigError } from "./load.ts";
import { messageOf } from "../lib/errors.ts";
import { tryLock } from "./file-lock.ts";

/** Made once for each data directory. */
const Identity = Type.Object({
  /** Tells this runner's containers and images from another's on the same engine. */
  runnerId: Type.String({ minLength: 1 }),
  /** Key of the digests that cover secrets. */
  digestKey: Type.String({ minLength: 1 }),
});

export type DataDir = {
  identity: Static<typeof Identity>;
  /** Lets another runner have the directory. */
  close(): Promise<void>;
};

/** Creates the directory if need be and takes its lock. Throws ConfigError when it cannot be used or another has it. */
export async function openDataDir(path: string): Promise<DataDir> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new ConfigError(
      `OKEN_DATA_DIR is ${JSON.stringify(path)}, but cannot be used: ${messageOf(error)}.`,
    );
  }
  const lock = await tryLock(join(path, "lock"));
  if (lock === undefined) {
    throw new ConfigError(
      `OKEN_DATA_DIR is ${JSON.stringify(path)}, but another runner is using it; give each a directory of its own.`,
    );
  }
  return { identity: await readIdentity(join(path, "runner.json")), close: () => lock.release() };
}

async function readIdentity(path: string): Promise<Static<typeof Identity>> {
  const made = { runnerId: Bun.randomUUIDv7(), digestKey: randomBytes(32).toString("hex") };
  // "wx": whoever comes first writes it, everyone reads what is there.
  await writeFile(path, JSON.stringify(made), { flag: "wx", mode: 0o600 }).catch((error: unknown) => {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  });
  return Value.Parse(Identity, JSON.parse(await readFile(path, "utf8")));
}
