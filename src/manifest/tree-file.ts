import { constants } from "node:fs";
import { lstat, open } from "node:fs/promises";
import { join } from "node:path";

import { configError } from "./errors.ts";

/** What people write by hand stays far below; a larger one is refused before it is read. */
const MAX_CONFIG_BYTES = 256 * 1024;

/**
 * The text of a small configuration file at the tree's root, or undefined when there is none. Never follows a
 * link and never waits on a FIFO. A byte order mark is taken off.
 *
 * @throws RunnerError CONFIG_ERROR when it is no regular file, too large, or not UTF-8
 */
export async function readTreeFile(tree: string, file: string): Promise<string | undefined> {
  const path = join(tree, file);
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  if (found.isSymbolicLink()) throw configError(`${file} is a symbolic link; it must be a file`, { file });
  if (!found.isFile()) throw configError(`${file} is not a regular file`, { file });
  if (found.size > MAX_CONFIG_BYTES) {
    throw configError(`${file} has ${found.size} bytes; at most ${MAX_CONFIG_BYTES} are read`, { file });
  }
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return decode(await handle.readFile(), file);
  } finally {
    await handle.close();
  }
}

function decode(bytes: Buffer, file: string): string {
  const [first, second] = bytes;
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  if (isUtf16) throw configError(`${file} is UTF-16; save it as UTF-8`, { file });
  if (bytes.includes(0)) throw configError(`${file} holds a NUL byte; it must be UTF-8 text`, { file });
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw configError(`${file} is not valid UTF-8`, { file });
  }
}
