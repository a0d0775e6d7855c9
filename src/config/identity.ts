import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

import { undefinedIfMissing, writeDurably } from "../lib/files.ts";
import { unusable } from "./data-dir-error.ts";

/** Made once for each data directory. */
const Identity = Type.Object({
  /** In the labels of this runner's containers and images, and in paths. */
  runnerId: Type.String({ pattern: "^[A-Za-z0-9-]{1,64}$" }),
  /** Key of digests over secrets. */
  digestKey: Type.String({ minLength: 1 }),
});

export type Identity = Static<typeof Identity>;

/** Reads the identity from `runner.json`, or makes one. Only the holder of the directory's lock may call it. */
export async function readIdentity(dataDir: string): Promise<Identity> {
  const path = join(dataDir, "runner.json");
  const text = await readFile(path, "utf8").catch(undefinedIfMissing);
  if (text !== undefined) return parse(text, dataDir);
  const identity = { runnerId: Bun.randomUUIDv7(), digestKey: randomBytes(32).toString("hex") };
  await writeIdentity(dataDir, identity);
  return identity;
}

async function writeIdentity(dataDir: string, identity: Identity): Promise<void> {
  await writeDurably(join(dataDir, "runner.json"), JSON.stringify(identity));
}

/** In no backup: what was restored may be older than what a swarm keeps, and have what that has lost. */
const JOINED = "swarm.json";

/** Whether all that the directory has was kept by the swarm of this identity, when a runner last used it. */
export async function hasJoined(dataDir: string, identity: Identity): Promise<boolean> {
  const text = await readFile(join(dataDir, JOINED), "utf8").catch(undefinedIfMissing);
  return text === JSON.stringify(identity);
}

/** Has the directory belong to the runner of a swarm, who may be on other hosts too. */
export async function joinSwarm(dataDir: string, identity: Identity): Promise<void> {
  await writeIdentity(dataDir, identity);
  await writeDurably(join(dataDir, JOINED), JSON.stringify(identity));
}

function parse(text: string, dataDir: string): Identity {
  try {
    return Value.Parse(Identity, JSON.parse(text));
  } catch {
    throw unusable(
      dataDir,
      "its runner.json is damaged; put back a copy of it, or remove it: the runner then starts without the containers it had",
    );
  }
}
