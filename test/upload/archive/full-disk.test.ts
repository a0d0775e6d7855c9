import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, readdir } from "node:fs/promises";

import { RunnerError } from "../../../src/lib/errors.ts";
import { createBudget } from "../../../src/upload/budget.ts";
import { createDiskFloor } from "../../../src/upload/disk-floor.ts";
import { extractArchive } from "../../../src/upload/archive/extract.ts";
import { DEFAULT_ARCHIVE_LIMITS } from "../../../src/upload/archive/limits.ts";
import { noise } from "../../fixtures/archives/noise.ts";
import { END, file, gzip } from "../../fixtures/archives/tar-bytes.ts";
import { scratchDirectory } from "../../fixtures/archives/scratch.ts";
import type { ExtractOptions } from "../../../src/upload/archive/extract.ts";

const MiB = 1024 ** 2;
/** Forty mebibytes and a busy disk. */
setDefaultTimeout(60_000);
const isRoot = process.getuid?.() === 0;
const LARGE = gzip(...Array.from({ length: 40 }, (_, i) => file(`f${i}`, noise(MiB, i + 1))), END);
const MANY = gzip(...Array.from({ length: 5000 }, (_, i) => file(`f${i}`)), END);

/** A tmpfs of its own size, gone when the scope ends. */
async function smallDisk(at: string, options: string): Promise<AsyncDisposable & { path: string }> {
  await mkdir(at);
  await Bun.$`mount -t tmpfs -o ${options} tmpfs ${at}`.quiet();
  return { path: at, [Symbol.asyncDispose]: async () => void (await Bun.$`umount ${at}`.quiet()) };
}

async function refusal(options: Omit<ExtractOptions, "limits">): Promise<RunnerError> {
  const extraction = extractArchive({ ...options, limits: DEFAULT_ARCHIVE_LIMITS });
  const error: unknown = await extraction.then(() => undefined).catch((error: unknown) => error);
  if (error instanceof RunnerError) return error;
  throw new Error("it was not refused", { cause: error });
}

const FULL: [title: string, options: string, archive: Buffer][] = [
  ["no space", "size=16m", LARGE],
  ["no inodes", "size=64m,nr_inodes=1000", MANY],
];

test.skipIf(!isRoot).each(FULL)(
  "a disk with %s left half way gives DISK_FULL and its space back",
  async (_title, mount, archive) => {
    await using scratch = await scratchDirectory();
    const archivePath = scratch.path("a.tar.gz");
    await Bun.write(archivePath, archive);
    await using disk = await smallDisk(scratch.path("disk"), mount);

    const error = await refusal({ archivePath, destination: `${disk.path}/tree` });

    expect(error).toMatchObject({ code: "DISK_FULL", status: 507 });
    expect(await readdir(disk.path)).toEqual([]);
  },
);

test("an extraction that would cross the disk's floor is refused before it begins and while it goes on", async () => {
  await using scratch = await scratchDirectory();
  const archivePath = scratch.path("a.tar.gz");
  await Bun.write(archivePath, LARGE);
  for (const answers of [[99], [1000 * MiB, 99]]) {
    const freeBytes = async () => answers.shift() ?? 99;
    const diskFloor = createDiskFloor({ directory: scratch.path(), floorBytes: 100, freeBytes });
    const error = await refusal({ archivePath, destination: scratch.path("tree"), diskFloor });
    expect(error).toMatchObject({ code: "DISK_FULL", status: 507 });
    expect(await readdir(scratch.path())).toEqual(["a.tar.gz"]);
  }
});

test("two large extractions at once share one budget", async () => {
  await using scratch = await scratchDirectory();
  const archivePath = scratch.path("a.tar.gz");
  await Bun.write(archivePath, LARGE);
  const budget = createBudget(60 * MiB);
  const outcomes = await Promise.allSettled(
    ["one", "two"].map((name) =>
      extractArchive({
        archivePath,
        destination: scratch.path(name),
        limits: DEFAULT_ARCHIVE_LIMITS,
        budget,
      }),
    ),
  );
  const refused = outcomes.filter((outcome) => outcome.status === "rejected");
  expect(refused.length).toBeGreaterThan(0);
  for (const { reason } of refused) expect(reason).toMatchObject({ code: "OVERLOADED", status: 503 });
  expect(budget.used()).toBe(0);
  expect((await readdir(scratch.path())).length).toBe(3 - refused.length);
});

test("an extraction that is cancelled or takes too long leaves nothing", async () => {
  await using scratch = await scratchDirectory();
  const archivePath = scratch.path("a.tar.gz");
  await Bun.write(archivePath, LARGE);
  const reason = new Error("superseded");
  const cancelled = await extractArchive({
    archivePath,
    destination: scratch.path("tree"),
    limits: DEFAULT_ARCHIVE_LIMITS,
    signal: AbortSignal.abort(reason),
  }).catch((error: unknown) => error);
  expect(cancelled).toBe(reason);

  const limits = { ...DEFAULT_ARCHIVE_LIMITS, timeoutMs: 1 };
  const late = await extractArchive({ archivePath, destination: scratch.path("tree"), limits }).catch(
    (error: unknown) => error,
  );
  expect(late).toMatchObject({ code: "ARCHIVE_TOO_LARGE", details: { limit: "time", max: 1 } });
  expect(await readdir(scratch.path())).toEqual(["a.tar.gz"]);
});
