import { expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { extractArchive } from "../../../src/upload/archive/extract.ts";
import { DEFAULT_ARCHIVE_LIMITS } from "../../../src/upload/archive/limits.ts";
import { readManifest } from "../../../src/manifest/manifest.ts";
import { gnuTar } from "../../fixtures/archives/reference.ts";
import { scratchDirectory } from "../../fixtures/archives/scratch.ts";
import { snapshot } from "../../fixtures/archives/snapshot.ts";
import { MANIFEST_DEFAULTS } from "../../fixtures/upload/server.ts";
import type { Scratch } from "../../fixtures/archives/scratch.ts";

const WRITERS = join(import.meta.dir, "../../fixtures/archives/writers");
const MAIN = "def handler(input):\r\n    return input\r\n";
const TREE: Record<string, string> = {
  "oken.toml": 'name = "case"\r\n',
  "main.py": MAIN,
  "hard.py": MAIN,
  "run.sh": "#!/bin/sh\n",
  "pkg/link.py": "-> ../main.py",
  [`pkg/${"l".repeat(120)}/${"f".repeat(120)}.py`]: "long\n",
  "ünïcødé dir/日本語.txt": "x\n",
  empty: "/",
};
const WITHOUT_EMPTY = Object.fromEntries(Object.entries(TREE).filter(([path]) => path !== "empty"));

async function extract(scratch: Scratch, archivePath: string) {
  const destination = scratch.path(`tree-${crypto.randomUUID()}`);
  const { digest } = await extractArchive({ archivePath, destination, limits: DEFAULT_ARCHIVE_LIMITS });
  const { manifest } = await readManifest(destination, MANIFEST_DEFAULTS);
  expect(manifest.name).toBe("case");
  return { digest, tree: snapshot(destination), destination };
}

test("archives of bsdtar, Go, Rust, Node and git become the same tree, with the same digest", async () => {
  await using scratch = await scratchDirectory();
  const archives = (await readdir(WRITERS)).filter((name) => name.endsWith(".tar.gz"));
  expect(archives.length).toBe(7);
  const digests = new Set<string>();
  for (const name of archives) {
    const { tree, digest } = await extract(scratch, join(WRITERS, name));
    expect([name, tree]).toEqual([name, name.startsWith("git") ? WITHOUT_EMPTY : TREE]);
    expect(tree).toEqual(await gnuTar(join(WRITERS, name), scratch.path(`gnu-${name}`)));
    if (!name.startsWith("git")) digests.add(digest);
  }
  expect(digests.size).toBe(1);
});

const FORMATS = ["v7", "oldgnu", "gnu", "ustar", "posix"];

test("every format of GNU tar and of Python's tarfile becomes the same tree", async () => {
  await using scratch = await scratchDirectory();
  const { destination, digest } = await extract(scratch, join(WRITERS, "go.tar.gz"));
  const digests = new Set([digest]);
  for (const format of FORMATS) {
    // Neither has room for a directory's name of more than 100 bytes.
    const isShort = format === "v7" || format === "ustar";
    const exclude = isShort ? ["--exclude=./pkg/l*"] : [];
    const archivePath = scratch.path(`${format}.tar.gz`);
    await Bun.$`tar --format=${format} ${exclude} -czf ${archivePath} -C ${destination} .`.quiet();
    const extracted = await extract(scratch, archivePath);
    if (!isShort) digests.add(extracted.digest);
  }
  for (const format of ["GNU", "PAX"]) {
    const archivePath = scratch.path(`${format}.tar.gz`);
    const code = `import sys,tarfile; t=tarfile.open(sys.argv[1],'w:gz',format=tarfile.${format}_FORMAT); t.add(sys.argv[2],'agent'); t.close()`;
    await Bun.$`python3 -c ${code} ${archivePath} ${destination}`.quiet();
    digests.add((await extract(scratch, archivePath)).digest);
  }
  expect([...digests]).toEqual([digest]);
});
