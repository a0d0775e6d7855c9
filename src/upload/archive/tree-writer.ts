import { constants } from "node:fs";
import { chmod, link, mkdir, open, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { KiB } from "../../lib/bytes.ts";

/** The file must be new, and its path must not be a link. */
const CREATE_FLAGS = constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW | constants.O_WRONLY;
const FILE_MODE = 0o644;
const EXECUTABLE_MODE = 0o755;
const DIRECTORY_MODE = 0o755;
/** Files up to this size are written whole, several at a time. Larger ones are written piece by piece. */
export const SMALL_FILE_BYTES = 64 * KiB;
/** Several, since handing a write to the thread pool takes longer than the write of a small file. */
const WRITES_AT_ONCE = 16;

export type TreeFileHead = { path: string; executable: boolean };

/** Writes below one private directory. Paths are relative, and were checked before by path-policy and layout. */
export type TreeWriter = {
  /** This one and the next return once the work has begun. `settle` throws what failed. */
  directory(path: string): Promise<void>;
  smallFile(file: TreeFileHead, content: Buffer): Promise<void>;
  largeFile(file: TreeFileHead, content: AsyncIterable<Buffer>): Promise<void>;
  hardLink(existing: string, path: string): Promise<void>;
  symbolicLink(target: string, path: string): Promise<void>;
  /** Waits until every write has ended. */
  settle(): Promise<void>;
};

export function createTreeWriter(root: string): TreeWriter {
  const underWay = new Set<Promise<void>>();
  const directories = new Map<string, Promise<void>>();
  // The process's umask is taken off the modes. A strict one would keep the agent from its own files.
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
    // A failure stays in the set, so that the next wait throws it.
    work.catch(() => {});
    underWay.add(work);
    // In an object, since an async function waits for a promise that it returns.
    return { work };
  }

  return {
    async directory(path) {
      directories.set(path, (await begin(path, makeDirectory)).work);
    },
    async smallFile({ path, executable }, content) {
      const mode = modeOf(executable);
      await begin(path, async (absolute) => {
        await writeFile(absolute, content, { flag: CREATE_FLAGS, mode });
        await fixMode(absolute, mode);
      });
    },
    async largeFile({ path, executable }, content) {
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
