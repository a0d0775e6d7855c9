import { mkdir, readdir, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { gunzipSync } from "node:zlib";

import { RunnerError } from "../../src/lib/errors.ts";
import { extractArchive } from "../../src/upload/archive/extract.ts";
import { DEFAULT_ARCHIVE_LIMITS } from "../../src/upload/archive/limits.ts";
import { ARCHIVE_CASES } from "../fixtures/archives/cases.ts";
import { randomBelow } from "../fixtures/archives/noise.ts";
import { gnuTar, startPythonTar } from "../fixtures/archives/reference.ts";
import { scratchDirectory } from "../fixtures/archives/scratch.ts";
import { snapshot } from "../fixtures/archives/snapshot.ts";
import { mutate } from "./mutate.ts";

/**
 * Limit of CPU time, which does not depend on how busy the machine is. An extraction that hangs reaches its own
 * deadline.
 */
const SLOW_CPU_MS = 5_000;
const MAX_SEED_BYTES = 64 * 1024;
const PROGRESS_EVERY = 10_000;

export type FuzzResult = { runs: number; accepted: number; codes: Record<string, number>; compared: number };
export type FuzzOptions = {
  runs: number;
  seed: number;
  /** One of so many accepted archives is compared with the trees of GNU tar and Python. 0: none is. */
  compareEvery: number;
  onProgress?: (result: FuzzResult) => void;
};

/**
 * Mutates the sound archives among the cases. Each must be accepted or refused within a time. It must leave its tree or
 * nothing, and change no other file.
 *
 * @throws Error that names the seed of the first failure, which `runs: 1` with that seed repeats
 */
export async function fuzzArchives(options: FuzzOptions): Promise<FuzzResult> {
  await using scratch = await scratchDirectory();
  await using python = startPythonTar();
  const seeds = soundArchives();
  const result: FuzzResult = { runs: 0, accepted: 0, codes: {}, compared: 0 };
  await mkdir(scratch.path("data"));
  await Bun.write(scratch.path("victim/x"), "untouched");
  const around = snapshot(scratch.path());

  for (let run = 0; run < options.runs; run += 1) {
    const seed = options.seed + run;
    try {
      await once(seed);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
    if (result.runs % PROGRESS_EVERY === 0) options.onProgress?.(result);
  }
  return result;

  async function once(seed: number): Promise<void> {
    const random = randomBelow(Math.imul(seed + 1, 0x9e3779b1));
    const archivePath = scratch.path("data/archive.tar.gz");
    await Bun.write(archivePath, mutate(seeds[random(seeds.length)] ?? Buffer.alloc(0), random));
    const before = process.cpuUsage();
    const code = await outcome(archivePath, scratch.path("data/tree"));
    const { user, system } = process.cpuUsage(before);
    const cpuMs = (user + system) / 1000;
    if (cpuMs > SLOW_CPU_MS) throw new Error(`it took ${cpuMs} ms of CPU time`);

    result.runs += 1;
    result.codes[code] = (result.codes[code] ?? 0) + 1;
    const left = (await readdir(scratch.path("data"))).sort();
    const expected = code === "accepted" ? ["archive.tar.gz", "tree"] : ["archive.tar.gz"];
    if (!Bun.deepEquals(left, expected)) throw new Error(`it left ${left.join(", ")}`);
    if (code !== "accepted") return;

    result.accepted += 1;
    if (options.compareEvery > 0 && result.accepted % options.compareEvery === 0) await compare(archivePath);
    await rm(scratch.path("data"), { recursive: true });
    await mkdir(scratch.path("data"));
    if (result.accepted % 100 === 1 && !Bun.deepEquals(snapshot(scratch.path()), around)) {
      throw new Error("something outside was changed");
    }
  }

  async function compare(archivePath: string): Promise<void> {
    result.compared += 1;
    const ours = snapshot(scratch.path("data/tree"));
    const gnu = await gnuTar(archivePath, scratch.path("data/gnu"));
    if (!Bun.deepEquals(gnu, ours)) throw differs("GNU tar", gnu, ours);
    const pythons = await python.extract(archivePath, scratch.path("data/python"));
    if (pythons === undefined || makesFileOfDirectory(pythons, ours)) return;
    if (!Bun.deepEquals(pythons, ours)) throw differs("Python", pythons, ours);
  }
}

/** `accepted`, or the code of the refusal. Any other error is thrown. */
async function outcome(archivePath: string, destination: string): Promise<string> {
  try {
    await extractArchive({ archivePath, destination, limits: DEFAULT_ARCHIVE_LIMITS });
    if (!existsSync(destination)) throw new Error("it was accepted and is not there");
    return "accepted";
  } catch (error) {
    const ranOut = error instanceof RunnerError && error.details?.limit === "time";
    if (error instanceof RunnerError && error.status < 500 && !ranOut) return error.code;
    throw error;
  }
}

function soundArchives(): Buffer[] {
  const sound = ARCHIVE_CASES.filter(({ expect, heavy }) => expect.accept === true && heavy !== true);
  const tars = sound.map((archive) => gunzipSync(archive.bytes()));
  return tars.filter((tar) => tar.length <= MAX_SEED_BYTES);
}

/** The one known difference (case A11): an empty file named `f/` is a file for Python alone. */
function makesFileOfDirectory(theirs: Record<string, string>, ours: Record<string, string>): boolean {
  return Object.entries(theirs).some(([path, value]) => value === "" && ours[path] !== "");
}

function differs(who: string, theirs: Record<string, string>, ours: Record<string, string>): Error {
  return new Error(`${who} makes ${JSON.stringify(theirs)} of it, not ${JSON.stringify(ours)}`);
}

if (import.meta.main) {
  const [runs = "1000000", seed = "1", compareEvery = "50"] = process.argv.slice(2);
  const options = { runs: Number(runs), seed: Number(seed), compareEvery: Number(compareEvery) };
  const result = await fuzzArchives({
    ...options,
    onProgress: (progress) => console.log(JSON.stringify(progress)),
  });
  console.log(JSON.stringify(result));
}
