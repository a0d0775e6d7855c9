/** The files of an agent as the gzipped tar that a deploy takes. Ours, so Bun's own writer will do. */
export async function tarball(files: Record<string, string>): Promise<Uint8Array<ArrayBuffer>> {
  return new Bun.Archive(files, { compress: "gzip" }).bytes();
}
