import { FFIType, dlopen } from "bun:ffi";
import { open } from "node:fs/promises";

import { LIBC } from "../lib/libc.ts";

/** `LOCK_EX | LOCK_NB` of flock(2): exclusive, and without waiting. */
const EXCLUSIVE_NOW = 2 | 4;

/** It is held until all who have its descriptor have closed it. */
export type Lock = { fd: number; release(): Promise<void> };

/**
 * Takes the lock on a file, which is created if it is missing. Undefined when another process has it. The kernel
 * releases it however this process ends; a plain lock file would stay after a crash. Bun has no flock.
 */
export async function tryLock(path: string): Promise<Lock | undefined> {
  const file = await open(path, "a", 0o600);
  const libc = dlopen(LIBC, { flock: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 } });
  const isOurs = libc.symbols.flock(file.fd, EXCLUSIVE_NOW) === 0;
  libc.close();
  if (isOurs) return { fd: file.fd, release: () => file.close() };
  await file.close();
  return undefined;
}
