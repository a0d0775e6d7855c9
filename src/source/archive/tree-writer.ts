import { constants } from "node:fs";
import { chmod, link, mkdir, open, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Made here and by nobody before, and never through a link that somebody put in the way. */
const CREATE_FLAGS = constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW | constants.O_WRONLY;
const FILE_MODE = 0o644;
const EXECUTABLE_MODE = 0o755;
const DIRECTORY_MODE = 0o755;
/** Files up to this size are written in one go, several at once; larger ones piece by piece. */
export const SMALL_FILE_BYTES = 64 * 1024;
const SMALL_FILES_AT_ONCE = 8;

/** Writes below one private directory. Paths are relative and were judged before; see path-policy and layout. */
export type TreeWriter = {
  directory(path: string): Promise<void>;
  /** Returns once the write has begun; `settle` says how it ended. */
  smallFile(path: string, executable: boolean, content: Buffer): Promise<void>;
  largeFile(path: string, executable: boolean, content: AsyncIterable<Buffer>): Promise<void>;
  hardLink(existing: string, path: string): Promise<void>;
  symbolicLink(target: string, path: string): Promise<void>;
  /** Waits for every write under way. */
  settle(): Promise<void>;
};

export function createTreeWriter(root: string): TreeWriter {
  const underWay = new Set<Promise<void>>();
  // open(2) and mkdir(2) take the process's umask off the mode; a strict one must not reach the agent.
  const umask = process.umask();
  const fixMode = async (path: string, mode: number) => {
    if ((umask & mode) !== 0) await chmod(path, mode);
  };

  return {
    async directory(path) {
      await mkdir(join(root, path), { mode: DIRECTORY_MODE });
      await fixMode(join(root, path), DIRECTORY_MODE);
    },
    async smallFile(path, executable, content) {
      if (underWay.size >= SMALL_FILES_AT_ONCE) await Promise.race(underWay);
      const mode = modeOf(executable);
      const write = writeFile(join(root, path), content, { flag: CREATE_FLAGS, mode })
        .then(() => fixMode(join(root, path), mode))
        .then(() => void underWay.delete(write));
      // A failed write stays in the set: the next wait, or settle, throws it.
      write.catch(() => {});
      underWay.add(write);
    },
    async largeFile(path, executable, content) {
      const mode = modeOf(executable);
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
