import { createHash } from "node:crypto";
import { readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

import { writeDurably } from "../../lib/files.ts";
import { seccompProfile } from "./profile.ts";

const NAME = /^seccomp-[0-9a-f]+\.json$/;

/** Hex digits of a digest in the file's name. */
const DIGEST_LENGTH = 16;

/** Where the profile is that the operator chose; undefined for the engine's own, which it need not be told. */
export async function seccompPath(
  choice: { file: string } | "runner" | "engine",
  directory: string,
): Promise<string | undefined> {
  if (choice === "engine") return undefined;
  return choice === "runner" ? writeProfile(directory) : choice.file;
}

/**
 * Writes the profile for the docker CLI, which reads it and sends it to the engine with each container. Its name is made
 * of its content, so that another profile gives containers another fingerprint.
 */
async function writeProfile(directory: string): Promise<string> {
  const text = JSON.stringify(seccompProfile());
  const digest = createHash("sha256").update(text).digest("hex").slice(0, DIGEST_LENGTH);
  const name = `seccomp-${digest}.json`;
  const path = join(directory, name);
  // Written before, it takes no room of a full disk: a start must not fail for want of that.
  const before = await readFile(path, "utf8").catch(() => undefined);
  if (before !== text) await writeDurably(path, text);
  const earlier = (await readdir(directory)).filter((other) => NAME.test(other) && other !== name);
  await Promise.all(earlier.map((other) => rm(join(directory, other), { force: true })));
  return path;
}
