import { mkdir, rm } from "node:fs/promises";

import { RunnerError } from "../src/lib/errors.ts";
import { extractArchive } from "../src/upload/archive/extract.ts";
import { DEFAULT_ARCHIVE_LIMITS } from "../src/upload/archive/limits.ts";
import { noise } from "../test/fixtures/archives/noise.ts";
import { scratchDirectory } from "../test/fixtures/archives/scratch.ts";
import { END, file, gzip, gzipRepeated, header } from "../test/fixtures/archives/tar-bytes.ts";
import { startCompiledServer } from "../test/fixtures/upload/compiled.ts";
import { largeArchive, postPieces } from "../test/fixtures/upload/large.ts";
import type { ArchiveLimits } from "../src/upload/archive/limits.ts";
import type { Scratch } from "../test/fixtures/archives/scratch.ts";

const MiB = 1024 ** 2;
const ROUNDS = 5;
const LIMITS: ArchiveLimits = {
  ...DEFAULT_ARCHIVE_LIMITS,
  maxUploadBytes: 512 * MiB,
  maxUnpackedBytes: 1024 * MiB,
};

/** A mebibyte that shrinks to a third, as a mix of source, data and wheels does. */
function mixed(seed: number): Buffer {
  const text = Buffer.alloc(MiB, "def handler(input):\n    return {'output': input}\n");
  noise(350_000, seed).copy(text);
  return text;
}

const SHAPES: [title: string, bytes: () => Uint8Array][] = [
  [
    "200 MiB in 20 files",
    () => Buffer.concat([...Array.from({ length: 20 }, (_, i) => largeFile(i)), gzip(END)]),
  ],
  [
    "200 MiB in 2,000 files",
    () =>
      gzip(
        ...Array.from({ length: 2000 }, (_, i) => file(`d${i % 50}/f${i}`, mixed(i).subarray(0, MiB / 10))),
        END,
      ),
  ],
  [
    "20 MiB in 10,000 files",
    () =>
      gzip(...Array.from({ length: 10_000 }, (_, i) => file(`d${i % 200}/f${i}`, noise(2048, i + 1))), END),
  ],
];

function largeFile(i: number): Buffer {
  return Buffer.concat([gzip(header({ name: `f${i}`, size: 10 * MiB })), gzipRepeated(mixed(i + 1), 10)]);
}

/** Runs both programs in turns on the same archive, so that a busy machine is busy for both. The median counts. */
async function compare(scratch: Scratch, title: string, bytes: Uint8Array): Promise<void> {
  const archivePath = scratch.path("a.tar.gz");
  await Bun.write(archivePath, bytes);
  const ours: number[] = [];
  const tars: number[] = [];
  let stall = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const run = await measure(() =>
      extractArchive({ archivePath, destination: scratch.path("ours"), limits: LIMITS }),
    );
    ours.push(run.ms);
    stall = Math.max(stall, run.stall);
    await mkdir(scratch.path("tar"));
    const tar = await measure(
      () => Bun.spawn(["tar", "-xzf", archivePath, "-C", scratch.path("tar")]).exited,
    );
    tars.push(tar.ms);
    await rm(scratch.path("ours"), { recursive: true });
    await rm(scratch.path("tar"), { recursive: true });
  }
  const ratio = median(tars) / median(ours);
  console.log(
    `${title}: oken ${median(ours).toFixed(0)} ms, GNU tar ${median(tars).toFixed(0)} ms, speed ${ratio.toFixed(2)} of tar's, longest stall ${stall.toFixed(0)} ms`,
  );
}

async function measure(work: () => Promise<unknown>): Promise<{ ms: number; stall: number }> {
  let stall = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    stall = Math.max(stall, now - last);
    last = now;
  }, 1);
  const started = performance.now();
  await work();
  const ms = performance.now() - started;
  clearInterval(timer);
  return { ms, stall };
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Time until an archive of two megabytes that unpacks to two gibibytes is refused. */
async function bomb(scratch: Scratch): Promise<void> {
  const archivePath = scratch.path("bomb.tar.gz");
  const body = gzipRepeated(Buffer.alloc(64 * MiB), 32);
  await Bun.write(archivePath, Buffer.concat([gzip(header({ name: "zeros", size: 90 * MiB })), body]));
  const times: number[] = [];
  let code = "";
  for (let round = 0; round < ROUNDS; round += 1) {
    const extraction = () =>
      extractArchive({
        archivePath,
        destination: scratch.path("bomb"),
        limits: DEFAULT_ARCHIVE_LIMITS,
      }).catch((error: unknown) => (code = error instanceof RunnerError ? error.code : String(error)));
    times.push((await measure(extraction)).ms);
  }
  console.log(`2 MB bomb of 2 GiB: ${code} after ${median(times).toFixed(0)} ms`);
}

/** Memory and longest stall of a compiled server that takes 200 MiB, then ten times 200 MiB at once. */
async function uploads(scratch: Scratch): Promise<void> {
  const limits = { maxUploadBytes: 256 * MiB, maxUnpackedBytes: 256 * MiB, timeoutMs: 300_000 };
  await mkdir(scratch.path("server"));
  await using server = await startCompiledServer({ directory: scratch.path("server"), limits });
  const archive = largeArchive(200);
  await postPieces(server.url, "warm-up", largeArchive(10));
  const before = await server.health();
  for (const count of [1, 10]) {
    const agents = Array.from({ length: count }, (_, i) => `agent-${i}`);
    const { ms } = await measure(() =>
      Promise.all(agents.map((agent) => postPieces(server.url, agent, archive))),
    );
    const { maxRss, maxStallMs } = await server.health();
    const memory = ((maxRss - before.rss) / MiB).toFixed(0);
    const title = `${count} of 200 MiB uploaded and unpacked at once`;
    console.log(
      `${title}: ${ms.toFixed(0)} ms, memory +${memory} MiB, longest stall ${maxStallMs.toFixed(0)} ms`,
    );
  }
}

await using scratch = await scratchDirectory();
for (const [title, bytes] of SHAPES) await compare(scratch, title, bytes());
await bomb(scratch);
await uploads(scratch);
