import { once } from "node:events";

import { pack } from "tar-stream";

/** When every file was last changed, as reproducible archives have it: a change shows in the content alone. */
const MTIME = new Date(0);

/** The files of an agent as the gzipped tar that a deploy takes: regular files alone, as the `oken` CLI sends them. */
export async function tarball(files: Record<string, string | Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const archive = pack();
  for (const [name, content] of Object.entries(files))
    archive.entry(
      { name, mtime: MTIME, mode: 0o644 },
      typeof content === "string" ? content : Buffer.from(content),
    );
  archive.finalize();
  const chunks: Uint8Array[] = [];
  archive.on("data", (chunk) => chunk instanceof Uint8Array && chunks.push(chunk));
  await once(archive, "end");
  return Bun.gzipSync(Buffer.concat(chunks));
}
