import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";

/** A new directory below another, which is made if need be. Disposing of it removes it with all that is in it. */
export type Scratch = AsyncDisposable & { path: string };

export async function makeScratch(parent: string, prefix: string): Promise<Scratch> {
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const path = await mkdtemp(join(parent, prefix));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
