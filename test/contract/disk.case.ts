import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { runnerLabels } from "../../src/docker/labels.ts";
import type { BuildRequest } from "../../src/docker/types.ts";
import type { Subject } from "./subject.ts";

const TIMEOUT_MS = 60_000;

/** The engine gives four digits of a size. */
const PRECISION = 0.001;

type DiskSubject = AsyncDisposable & Pick<Subject, "engine" | "runnerId">;

export function diskCases(create: () => Promise<DiskSubject>): void {
  test("counts images of its runner and no others, and build cache, of which it removes records", async () => {
    await using subject = await create();
    await using own = await request(subject);
    await using gone = await request(subject);
    await using other = await request(subject, { "oken.test": "contract" });
    const { engine } = subject;
    for (const { request: build } of [own, gone, other]) await engine.buildImage(build);
    // Until then its layer is the image's.
    await engine.removeImages([gone.request.tag]);

    const { images, containers, cache } = await engine.diskUsage();
    expect(images).toMatchObject([{ references: [own.request.tag], containers: 0 }]);
    expect(containers).toEqual([]);
    const isLeft = ({ bytes }: { bytes: number }) => Math.abs(bytes / gone.bytes - 1) < PRECISION;
    const left = cache.filter((record) => isLeft(record) && !record.isShared).map(({ id }) => id);
    expect(left.length).toBeGreaterThan(0);
    expect(await engine.pruneCache(left)).toBeGreaterThan(gone.bytes / 2);
    const after = new Set((await engine.diskUsage()).cache.map(({ id }) => id));
    expect(left.filter((id) => after.has(id))).toEqual([]);
  });

  test("removes images without a name; one that is gone is no error", async () => {
    await using subject = await create();
    await subject.engine.removeUnnamedImages([`sha256:${randomBytes(32).toString("hex")}`]);
  });

  test("says where its data is", async () => {
    await using subject = await create();
    expect(await subject.engine.storageRoot()).toStartWith("/");
  });
}

/** An image of one file, built as agents' images are. */
async function request({ engine, runnerId }: DiskSubject, labels = runnerLabels(runnerId)) {
  const root = await mkdtemp(join(tmpdir(), "oken-test-"));
  const name = `files-${crypto.randomUUID()}`;
  await mkdir(join(root, name));
  const bytes = 300_000 + Math.floor(Math.random() * 600_000);
  await writeFile(join(root, name, "file"), randomBytes(bytes));
  const dockerfile = join(root, "Dockerfile");
  await writeFile(dockerfile, "FROM scratch\nCOPY --from=oken-files . /opt/oken/files/\n");
  const made: BuildRequest = {
    inputs: {
      dockerfile,
      context: join(root, name),
      contexts: [{ name: "oken-files", directory: join(root, name) }],
      buildArgs: {},
      secretFiles: {},
    },
    timeoutMs: TIMEOUT_MS,
    tag: `oken-test/contract:${crypto.randomUUID()}`,
    labels,
  };
  return {
    request: made,
    bytes,
    async [Symbol.asyncDispose]() {
      await engine.removeImages([made.tag]);
      await rm(root, { recursive: true });
    },
  };
}
