import { KiB } from "../lib/bytes.ts";
import { decodeText, encodingOf } from "../lib/decode-text.ts";
import type { SourceTree, TreeFile } from "../upload/tree.ts";
import { configError } from "./errors.ts";

/** What people write by hand is far smaller. */
const MAX_CONFIG_BYTES = 256 * KiB;

/**
 * The text of a small configuration file, without a byte order mark; undefined when there is none.
 *
 * @throws RunnerError CONFIG_ERROR when it is a link, no regular file, too large, or no text
 */
export async function readConfigFile(tree: SourceTree, file: string): Promise<string | undefined> {
  const found = await tree.read(file, MAX_CONFIG_BYTES);
  if (found.kind === "absent") return undefined;
  if (found.kind === "file") return decode(found.bytes, file);
  throw configError(flawOf(found, file), { file });
}

type Unread = Exclude<TreeFile, { kind: "file" | "absent" }>;

function flawOf(found: Unread, file: string): string {
  if (found.kind === "link") return `${file} is a symbolic link; it must be a file`;
  if (found.kind === "other") return `${file} is not a regular file`;
  return `${file} has ${found.size} bytes; at most ${MAX_CONFIG_BYTES} are read`;
}

function decode(bytes: Uint8Array, file: string): string {
  let text: string;
  try {
    text = decodeText(bytes, { fatal: true });
  } catch {
    throw configError(`${file} is not valid ${encodingOf(bytes).toUpperCase()}`, { file });
  }
  if (text.includes("\0")) throw configError(`${file} holds a NUL character; save it as UTF-8`, { file });
  return text;
}
