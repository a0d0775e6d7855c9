import { constants } from "node:fs";
import { chmod, link, mkdir, open, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { KiB } from "../../lib/bytes.ts";

/** Made here and by nobody before, and never through a link that somebody put in the way. */
const CREATE_FLAGS = constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW | constants.O_WRONLY;
const FILE_MODE = 0o644;
const EXECUTABLE_MODE = 0o755;
const DIRECTORY_MODE = 0o755;
/** Files up to this size are written in one go, several at once; larger ones piece by piece. */
export const SMALL_FILE_BYTES = 64 * KiB;
/** Hides the way to the thread pool and back, which takes longer than making a small file. */
const WRITES_AT_ONCE = 16;

/** Writes below one private directory. Paths are relative and were judged before; see path-policy and layout. */
export type TreeWriter = {
  /** These two return once the work has begun, behind the directory above; `settle` says how it ended. */
  directory(path: string): Promise<void>;
  smallFile(path: string, executable: boolean, content: Buffer): Promise<void>;
  largeFile(path: string, executable: boolean, content: AsyncIterable<Buffer>): Promise<void>;
  hardLink(existing: string, path: string): Promise<void>;
  symbolicLink(target: string, path: string): Promise<void>;
  /** Waits for every write under way. */
  settle(): Promise<void>;
};

export function createTreeWriter(root: string): TreeWriter {
  const underWay = new Set<Promise<void>>();
  const directories = new Map<string, Promise<void>>();
  // open(2) and mkdir(2) take the process's umask off the mode; a strict one must not reach the agent.
  const umask = process.umask();
  const fixMode = async (path: string, mode: number) => {
    if ((umask & mode) !== 0) await chmod(path, mode);
  };
  const makeDirectory = async (absolute: string) => {
    await mkdir(absolute, { mode: DIRECTORY_MODE });
    await fixMode(absolute, DIRECTORY_MODE);
  };
  const parentOf = (path: string) => directories.get(dirname(path));

  async function begin(path: string, write: (absolute: string) => Promise<void>) {
    if (underWay.size >= WRITES_AT_ONCE) await Promise.race(underWay);
    const work = Promise.resolve(parentOf(path))
      .then(() => write(join(root, path)))
      .then(() => void underWay.delete(work));
    // What fails stays in the set: the next wait, or settle, throws it.
    work.catch(() => {});
    underWay.add(work);
    // In an object: an async function would wait for a promise that it returns.
    return { work };
  }

  return {
    async directory(path) {
      directories.set(path, (await begin(path, makeDirectory)).work);
    },
    async smallFile(path, executable, content) {
      const mode = modeOf(executable);
      await begin(path, async (absolute) => {
        await writeFile(absolute, content, { flag: CREATE_FLAGS, mode });
        await fixMode(absolute, mode);
      });
    },
    async largeFile(path, executable, content) {
      const mode = modeOf(executable);
      await parentOf(path);
      const file = await open(join(root, path), CREATE_FLAGS, mode);
      try {
        for await (const piece of content) {
          for (let at = 0; at < piece.length;) at += (await file.write(piece, at)).bytesWritten;
        }
        await fixMode(join(root, path), mode);
      } finally {
        await file.close();
      }
    },
    async hardLink(existing, path) {
      await Promise.all(underWay);
      await link(join(root, existing), join(root, path));
    },
    symbolicLink: (target, path) => symlink(target, join(root, path)),
    settle: async () => void (await Promise.all(underWay)),
  };
}

function modeOf(executable: boolean): number {
  return executable ? EXECUTABLE_MODE : FILE_MODE;
}
