import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { runnerLabels } from "../../src/docker/labels.ts";
import type { BuildRequest } from "../../src/docker/types.ts";
import { eventually } from "../helpers/eventually.ts";
import type { Subject } from "./subject.ts";

const TIMEOUT_MS = 60_000;

/** The engine gives three digits of a size, so these come back as they are. */
const OWN_BYTES = 400_000;
const GONE_BYTES = 500_000;
const OTHER_BYTES = 600_000;

type DiskSubject = AsyncDisposable & Pick<Subject, "engine" | "runnerId">;

export function diskCases(create: () => Promise<DiskSubject>): void {
  test("counts images of its runner and no others, and build cache, of which it removes records", async () => {
    await using subject = await create();
    await using own = await request(subject, OWN_BYTES);
    await using gone = await request(subject, GONE_BYTES);
    await using other = await request(subject, OTHER_BYTES, { "oken.test": "contract" });
    const { engine } = subject;
    for (const { request: build } of [own, gone, other]) await engine.buildImage(build);
    // Until then its layer is the image's.
    await engine.removeImages([gone.request.tag]);

    const { images, containers } = await engine.diskUsage();
    expect(images).toMatchObject([{ references: [own.request.tag], containers: 0 }]);
    expect(containers).toEqual([]);
    // BuildKit lets go of a build's records a moment after its end.
    const left = await eventually(async () => {
      const records = (await engine.diskUsage()).cache.filter(({ bytes }) => bytes === GONE_BYTES);
      expect(records).not.toBeEmpty();
      expect(records.filter(({ isShared, isInUse }) => isShared || isInUse)).toEqual([]);
      return records.map(({ id }) => id);
    });
    expect(await engine.pruneCache(left)).toBeGreaterThanOrEqual(GONE_BYTES);
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
async function request({ engine, runnerId }: DiskSubject, bytes: number, labels = runnerLabels(runnerId)) {
  const root = await mkdtemp(join(tmpdir(), "oken-test-"));
  const name = `files-${crypto.randomUUID()}`;
  await mkdir(join(root, name));
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
    async [Symbol.asyncDispose]() {
      await engine.removeImages([made.tag]);
      await rm(root, { recursive: true });
    },
  };
}
