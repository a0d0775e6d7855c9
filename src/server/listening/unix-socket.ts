import { lstat, rm } from "node:fs/promises";

import { StartError } from "../../lib/start-error.ts";
import { undefinedIfMissing } from "../../lib/files.ts";

/** Bits that a new socket does not get: it is for the runner's user and group. */
const UMASK = 0o117;

/** Removes a socket that a crash left. Throws StartError when the path is taken. */
export async function requireFreeSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(undefinedIfMissing);
  if (found === undefined) return;
  if (!found.isSocket()) throw taken(path, "that is a file and no socket; it was left as it is");
  if (await isServed(path)) throw taken(path, "another program listens there");
  await rm(path, { force: true });
}

/** Does `work`, which makes a socket, so that at no time anybody else may open that. */
export function withSocketMode<T>(work: () => T): T {
  const before = process.umask(UMASK);
  try {
    return work();
  } finally {
    process.umask(before);
  }
}

async function isServed(path: string): Promise<boolean> {
  try {
    const socket = await Bun.connect({ unix: path, socket: { data: () => undefined } });
    socket.terminate();
    return true;
  } catch {
    return false;
  }
}

function taken(path: string, why: string): StartError {
  return new StartError(`OKEN_LISTEN is ${JSON.stringify(`unix:${path}`)}, but ${why}.`);
}
