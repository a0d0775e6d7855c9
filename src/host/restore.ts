import { createReadStream, createWriteStream } from "node:fs";
import { chmod, lchown, mkdir, readdir, rename, rm, stat, symlink } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";

import { type Extract, extract } from "tar-stream";

import { tryLock } from "../config/file-lock.ts";
import { messageOf } from "../lib/errors.ts";
import { undefinedIfMissing } from "../lib/files.ts";
import { StartError } from "../lib/start-error.ts";

/** What a backup has, and nothing else. */
const PARTS = ["agents", "deployments", "runner.json"] as const;

/**
 * Puts a backup into a data directory that has no state yet, whole or not at all. Throws StartError for an archive that
 * is none of ours, and for a directory that is in use.
 */
export async function restore(file: string, dataDir: string): Promise<{ agents: number }> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const lock = await tryLock(join(dataDir, "lock"));
  if (lock === undefined)
    throw new StartError(`A runner is using ${dataDir}; stop it, or name another directory.`);
  const fresh = join(dataDir, "staging", `restore-${crypto.randomUUID()}`);
  try {
    for (const part of PARTS)
      if ((await stat(join(dataDir, part)).catch(undefinedIfMissing)) !== undefined)
        throw new StartError(`${dataDir} has the state of a runner already; name an empty directory.`);
    await mkdir(fresh, { recursive: true, mode: 0o700 });
    await unpack(file, fresh);
    const { length: agents } = await readdir(join(fresh, "agents"));
    // The identity last: without it the directory has no state.
    for (const part of PARTS)
      // Of these only the deployments may be missing.
      await rename(join(fresh, part), join(dataDir, part)).catch(undefinedIfMissing);
    return { agents };
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(`${file} cannot be restored: ${reasonOf(error)}.`);
  } finally {
    await rm(fresh, { recursive: true, force: true });
    await lock.release();
  }
}

/** zlib says in its own words what is no gzip, or is cut short. */
function reasonOf(error: unknown): string {
  const isOfGzip = error instanceof Error && "code" in error && String(error.code).startsWith("Z_");
  return isOfGzip ? `it is no backup, or a damaged one (${error.message})` : messageOf(error);
}

async function unpack(file: string, into: string): Promise<void> {
  const archive = extract();
  const links = new Set<string>();
  const reading = pipeline(createReadStream(file), createGunzip(), archive);
  const writing = (async () => {
    for await (const entry of archive) await write(entry, into, links);
  })();
  // Neither ends by itself when the other fails.
  writing.catch((error: Error) => archive.destroy(error));
  reading.catch((error: Error) => archive.destroy(error));
  await Promise.all([writing, reading]);
  if ((await stat(join(into, "runner.json")).catch(undefinedIfMissing)) === undefined)
    throw new Error("it is no backup of a runner");
}

type Entry = Extract extends AsyncIterable<infer One> ? One : never;

async function write(entry: Entry, into: string, links: Set<string>): Promise<void> {
  const { name, type, linkname, mode } = entry.header;
  const path = pathOf(name, links);
  const target = join(into, path);
  if (type === "directory") await mkdir(target, { mode: 0o700 });
  else if (type === "symlink") {
    links.add(path);
    await symlink(linkname ?? "", target);
  } else if (type === "file") {
    await pipeline(entry, createWriteStream(target, { flags: "wx", mode: 0o600 }));
  } else throw new Error(`it has an entry of the kind ${type}`);
  if (process.getuid?.() === 0) {
    const { uid, gid } = ownerOf(entry.header);
    await lchown(target, uid, gid);
  }
  // A change of owner may take bits away, and the umask has.
  if (type !== "symlink") await chmod(target, mode);
  entry.resume();
}

function ownerOf({ uid, gid, pax }: Entry["header"]): { uid: number; gid: number } {
  const told =
    typeof pax === "object" && pax !== null ? new Map(Object.entries(pax)) : new Map<string, unknown>();
  return { uid: Number(told.get("uid") ?? uid), gid: Number(told.get("gid") ?? gid) };
}

/** No entry leads out of the directory, by its name or through a link of the archive. */
function pathOf(name: string, links: ReadonlySet<string>): string {
  const path = normalize(name).replace(/\/$/, "");
  const isInside = PARTS.some((part) => path === part || path.startsWith(`${part}/`));
  if (!isInside) throw new Error("it is no backup of a runner");
  for (let above = dirname(path); above !== "."; above = dirname(above))
    if (links.has(above)) throw new Error(`its entry ${name} leads through a link`);
  return path;
}
