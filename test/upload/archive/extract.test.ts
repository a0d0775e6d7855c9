import { expect, test } from "bun:test";
import { lstat, readFile, readdir } from "node:fs/promises";
import { gzipSync } from "node:zlib";

import { DEFAULT_ARCHIVE_LIMITS } from "../../../src/upload/archive/limits.ts";
import { extractArchive } from "../../../src/upload/archive/extract.ts";
import { scratchDirectory } from "../../fixtures/archives/scratch.ts";

test("an archive of Bun's own writer becomes the same files", async () => {
  await using scratch = await scratchDirectory();
  const archivePath = scratch.path("a.tar.gz");
  const large = new Uint8Array(200_000).fill(7);
  const archive = new Bun.Archive({ "oken.toml": 'name = "a"\n', "pkg/main.py": "x = 1\n", large });
  await Bun.write(archivePath, gzipSync(await archive.bytes()));

  const destination = scratch.path("tree");
  const tree = await extractArchive({ archivePath, destination, limits: DEFAULT_ARCHIVE_LIMITS });

  expect(tree).toMatchObject({ files: 3, bytes: 200_017, skipped: 0 });
  expect(tree.digest).toMatch(/^[0-9a-f]{64}$/);
  expect(await readFile(scratch.path("tree/pkg/main.py"), "utf8")).toBe("x = 1\n");
  expect((await lstat(scratch.path("tree/large"))).size).toBe(200_000);
  expect((await readdir(scratch.path())).sort()).toEqual(["a.tar.gz", "tree"]);
});
