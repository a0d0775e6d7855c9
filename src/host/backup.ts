import { createReadStream, createWriteStream } from "node:fs";
import { lstat, readdir, readlink, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";

import { type Header, type Pack, pack } from "tar-stream";

import { undefinedIfMissing } from "../lib/files.ts";
import { StartError } from "../lib/start-error.ts";
import { snapshot } from "./snapshot.ts";

export type Backup = { agents: number; bytes: number };

/**
 * Writes the state of a data directory into a gzipped tar that only this user can read: it has the agents' secrets. The
 * runner may be at work. Throws StartError where there is nothing to back up, or a file in the way.
 */
export async function backup(dataDir: string, file: string): Promise<Backup> {
  if ((await stat(join(dataDir, "runner.json")).catch(undefinedIfMissing)) === undefined)
    throw new StartError(`${dataDir} is no data directory of a runner: it has no runner.json.`);
  if ((await stat(file).catch(undefinedIfMissing)) !== undefined)
    throw new StartError(`${file} exists already; name another file.`);
  // On the same disk, for the links; a start of the runner clears what a crash leaves there.
  const copy = join(dataDir, "staging", `backup-${crypto.randomUUID()}`);
  const partial = `${file}.partial`;
  try {
    const { agents } = await snapshot(dataDir, copy);
    const archive = pack();
    // What a crash left, or somebody put there: others may read that, or it leads elsewhere.
    await rm(partial, { force: true });
    const own = createWriteStream(partial, { flags: "wx", mode: 0o600 });
    const written = pipeline(archive, createGzip(), own);
    await Promise.all([written, addAll(archive, copy, "").then(() => archive.finalize())]);
    await rename(partial, file);
    return { agents, bytes: (await stat(file)).size };
  } finally {
    await rm(copy, { recursive: true, force: true });
    await rm(partial, { force: true });
  }
}

async function addAll(archive: Pack, root: string, below: string): Promise<void> {
  for (const name of await readdir(join(root, below))) {
    const path = below === "" ? name : `${below}/${name}`;
    const file = join(root, path);
    const facts = await lstat(file);
    const { mode, uid, gid, mtime, size } = facts;
    // The fields of a header are too small for the users of agents.
    const pax = { uid: String(uid), gid: String(gid) };
    const header = { name: path, mode: mode & 0o777, mtime, pax };
    if (facts.isDirectory()) {
      await add(archive, { ...header, type: "directory" });
      await addAll(archive, root, path);
    } else if (facts.isSymbolicLink())
      await add(archive, { ...header, type: "symlink", linkname: await readlink(file) });
    else await pipeline(createReadStream(file), archive.entry({ ...header, size }));
  }
}

function add(archive: Pack, header: Partial<Header> & { name: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    archive.entry(header, (error) => (error ? reject(error) : resolve()));
  });
}
