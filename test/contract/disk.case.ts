import { expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { runnerLabels } from "../../src/docker/labels.ts";
import type { BuildRequest } from "../../src/docker/types.ts";
import { type CreateSubject, type Subject, specOf } from "./subject.ts";

/** A count takes the engine seconds where its build cache has many records. */
const TIMEOUT_MS = 120_000;

/** The engine gives four digits of a size. */
const PRECISION = 0.001;

export function diskCases(create: CreateSubject): void {
  // One test, since one count may take as long as all other cases.
  test(
    "counts images, containers and build cache of its runner and no others, and removes records of the cache",
    async () => {
      await using subject = await create();
      await using own = await request(subject);
      await using gone = await request(subject);
      await using other = await request(subject, { "oken.test": "contract" });
      const { engine } = subject;
      for (const { request: build } of [own, gone, other]) await engine.buildImage(build);
      const spec = specOf(subject, { image: own.request.tag });
      const { id } = await engine.startContainer(spec);
      // Until then its layer is the image's.
      await engine.removeImages([gone.request.tag]);

      const { images, containers, cache } = await engine.diskUsage();
      expect(images).toMatchObject([{ references: [own.request.tag], containers: 1 }]);
      expect(containers).toEqual([{ id, name: spec.name, running: true, bytes: expect.any(Number) }]);
      const isLeft = ({ bytes }: { bytes: number }) => Math.abs(bytes / gone.bytes - 1) < PRECISION;
      const left = cache.filter((record) => isLeft(record) && !record.isShared);
      expect(left.length).toBeGreaterThan(0);
      expect(await engine.pruneCache(left.map((record) => record.id))).toBeGreaterThan(gone.bytes / 2);
    },
    TIMEOUT_MS,
  );

  test("removes images without a name; one that is gone is no error", async () => {
    await using subject = await create();
    await subject.engine.removeUnnamedImages([`sha256:${randomBytes(32).toString("hex")}`]);
  });

  test("says where its data is", async () => {
    await using subject = await create();
    expect(await subject.engine.storageRoot()).toStartWith("/");
  });
}

/** Builds an image of the subject's own with one more file, as builds of agents do. */
async function request({ engine, image, runnerId }: Subject, labels = runnerLabels(runnerId)) {
  const root = await mkdtemp(join(tmpdir(), "oken-test-"));
  const name = `files-${crypto.randomUUID()}`;
  await mkdir(join(root, name));
  const bytes = 300_000 + Math.floor(Math.random() * 600_000);
  await writeFile(join(root, name, "file"), randomBytes(bytes));
  const dockerfile = join(root, "Dockerfile");
  await writeFile(dockerfile, `FROM ${image}\nCOPY --from=oken-files . /opt/oken/files/\n`);
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
