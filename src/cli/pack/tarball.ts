import { once } from "node:events";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { createGzip } from "node:zlib";

import { type Pack, pack as createPack } from "tar-stream";

import { KiB, MiB } from "../../lib/bytes.ts";
import { SpentMemory, collectNow } from "../../lib/spent-memory.ts";
import { Failure } from "../failure.ts";
import type { PackedFile } from "./files.ts";

const PIECE_BYTES = 64 * KiB;

/** With few other objects a collection takes a millisecond. 200 MB cost 8 MiB less so than with one each 16 MiB. */
const COLLECTED_BYTES = MiB;

/** A gzipped tar of the files, made while it is read: neither it nor any file is ever in memory as a whole. */
export async function* tarball(
  directory: string,
  files: readonly PackedFile[],
  onRead: (bytes: number) => void = () => undefined,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const pack = createPack();
  const gzip = createGzip({ chunkSize: PIECE_BYTES });
  const spent = new SpentMemory(collectNow, COLLECTED_BYTES);
  const read = (bytes: number) => {
    spent.add(bytes);
    onRead(bytes);
  };
  const writing = (async () => {
    for (const file of files) await addFile(pack, { directory, file, read });
    pack.finalize();
  })();
  writing.catch((error: Error) => gzip.destroy(error));
  // Whoever reads is told by gzip. tar-stream would tell it once more, to nobody.
  pack.on("error", () => undefined);
  pack.pipe(gzip);
  try {
    for await (const piece of gzip) yield piece;
    await writing;
  } finally {
    pack.destroy();
    gzip.destroy();
  }
}

type Adding = { directory: string; file: PackedFile; read: (bytes: number) => void };

async function addFile(pack: Pack, { directory, file, read }: Adding): Promise<void> {
  const header = { name: file.path, mode: file.mode, mtime: file.modified };
  if (file.type === "link") {
    pack.entry({ ...header, type: "symlink", linkname: file.target });
    return;
  }
  await using handle = await open(join(directory, file.path));
  const entry = pack.entry({ ...header, type: "file", size: file.bytes });
  entry.on("error", () => undefined);
  await copy(handle, entry, { file, read });
  entry.end(undefined);
}

/** Exactly as many bytes as its header says. A file that grows meanwhile is cut there. */
async function copy(
  handle: FileHandle,
  entry: ReturnType<Pack["entry"]>,
  { file, read }: { file: PackedFile & { type: "file" }; read: Adding["read"] },
): Promise<void> {
  for (let sent = 0; sent < file.bytes;) {
    const wanted = Math.min(PIECE_BYTES, file.bytes - sent);
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(wanted), 0, wanted, sent);
    if (bytesRead === 0) throw new Failure(`${file.path} became shorter while it was read. Deploy again.`);
    sent += bytesRead;
    read(bytesRead);
    if (!entry.write(buffer.subarray(0, bytesRead))) await once(entry, "drain");
  }
}
