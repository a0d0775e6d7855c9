import { readFile, stat } from "node:fs/promises";

import { messageOf } from "../lib/errors.ts";
import { StartError } from "../lib/start-error.ts";

/** AES-256. */
const KEY_BYTES = 32;

const HEX = /^[0-9a-f]{64}$/i;
const BASE64 = /^[A-Za-z0-9+/]{43}=$/;

/** The keys of a file, one a line, the newest first. Throws StartError. */
export async function readSecretKeys(path: string | undefined): Promise<Buffer[]> {
  if (path === undefined) return [];
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw new StartError(`OKEN_SECRETS_KEY_FILE cannot be read: ${messageOf(error)}`);
  });
  const lines = text.split("\n").map((line) => line.trim());
  const keys = lines.filter((line) => line !== "" && !line.startsWith("#")).map(parse);
  if (keys.length > 0) return keys;
  throw new StartError("OKEN_SECRETS_KEY_FILE holds no key. Make one with: openssl rand -base64 32");
}

/** Permission bit of a file that others than its owner and group may read. */
const OTHERS_READ = 0o004;

/**
 * What an operator should do about the file itself, as the end of a sentence. It is no reason not to start: what a
 * container mounts as a secret is mostly open to all who are inside.
 */
export async function adviceOnKeyFile(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const { mode } = await stat(path);
  return (mode & OTHERS_READ) === 0
    ? undefined
    : `every user of this host may read OKEN_SECRETS_KEY_FILE: chmod 600 ${path}`;
}

/** No message has a piece of the line. */
function parse(line: string, index: number): Buffer {
  if (HEX.test(line)) return Buffer.from(line, "hex");
  const key = BASE64.test(line) ? Buffer.from(line, "base64") : undefined;
  if (key?.length === KEY_BYTES) return key;
  throw new StartError(
    `Key ${index + 1} in OKEN_SECRETS_KEY_FILE is not one of 32 bytes in hex or base64, as openssl rand -base64 32 makes.`,
  );
}
