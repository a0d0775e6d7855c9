import { afterAll, expect, test } from "bun:test";
import { lstatSync } from "node:fs";
import { mkdir } from "node:fs/promises";

import { RunnerError } from "../../../src/lib/errors.ts";
import { extractArchive } from "../../../src/upload/archive/extract.ts";
import { DEFAULT_ARCHIVE_LIMITS } from "../../../src/upload/archive/limits.ts";
import { readManifest } from "../../../src/manifest/manifest.ts";
import { ARCHIVE_CASES, CASES_ELSEWHERE, caseOf } from "../../fixtures/archives/cases.ts";
import { gnuTar, startPythonTar } from "../../fixtures/archives/reference.ts";
import { scratchDirectory } from "../../fixtures/archives/scratch.ts";
import { snapshot } from "../../fixtures/archives/snapshot.ts";
import { MANIFEST_DEFAULTS } from "../../fixtures/upload/server.ts";
import type { ArchiveCase } from "../../fixtures/archives/case.ts";
import type { Scratch } from "../../fixtures/archives/scratch.ts";

const HEAVY_TIMEOUT_MS = 120_000;
const REFUSED_WITHIN_MS = 60_000;
const BASE_FILES = new Set(["oken.toml", "main.py"]);

const python = startPythonTar();
afterAll(() => python[Symbol.asyncDispose]());

test("there are 141 cases, each with an archive or a test of its own", async () => {
  const ids = new Set([...ARCHIVE_CASES.map(({ id }) => caseOf(id)), ...Object.keys(CASES_ELSEWHERE)]);
  expect(ids.size).toBe(141);
  for (const { test: file } of Object.values(CASES_ELSEWHERE))
    expect(await Bun.file(file).exists()).toBe(true);
  expect(new Set(ARCHIVE_CASES.map(({ id }) => id)).size).toBe(ARCHIVE_CASES.length);
});

for (const archiveCase of ARCHIVE_CASES) {
  const { id, title, expect: expected } = archiveCase;
  const outcome = expected.accept ? "is accepted" : `is refused with ${expected.code}`;
  test(`${id}: ${title} ${outcome}`, () => run(archiveCase), HEAVY_TIMEOUT_MS);
}

async function run(archiveCase: ArchiveCase): Promise<void> {
  await using scratch = await scratchDirectory();
  await layTraps(scratch);
  await Bun.write(scratch.path("data/archive.tar.gz"), archiveCase.bytes());
  const before = snapshot(scratch.path());

  const started = performance.now();
  const outcome = await unpack(scratch);
  const took = performance.now() - started;

  const { expect: expected } = archiveCase;
  if (!expected.accept) {
    const { status, code, reason, limit } = expected;
    const found = { status: outcome?.status, code: outcome?.code, ...outcome?.details };
    expect(found).toMatchObject({ status, code, ...(reason && { reason }), ...(limit && { limit }) });
    expect(took).toBeLessThan(REFUSED_WITHIN_MS);
    // What a manifest refuses was unpacked; removing it is its caller's part.
    if (code !== "CONFIG_ERROR") expect(snapshot(scratch.path())).toEqual(before);
    return;
  }

  if (outcome !== undefined) throw outcome;
  const after = snapshot(scratch.path());
  expect(without(after, "data/tree/")).toEqual(before);
  const tree = snapshot(scratch.path("data/tree"));
  const listed = Object.fromEntries(Object.entries(tree).filter(([path]) => !BASE_FILES.has(path)));
  if (expected.tree !== undefined) expect(listed).toEqual(expected.tree);
  assertModes(scratch, Object.keys(tree), expected.executable ?? []);
  expect(await gnuTar(scratch.path("data/archive.tar.gz"), scratch.path("data/gnu"))).toEqual(tree);
  if (expected.pythonDiffers !== undefined) return;
  const pythons = await python.extract(scratch.path("data/archive.tar.gz"), scratch.path("data/python"));
  if (pythons !== undefined) expect(pythons).toEqual(tree);
}

function without(tree: Record<string, string>, prefix: string): Record<string, string> {
  return Object.fromEntries(Object.entries(tree).filter(([path]) => !path.startsWith(prefix)));
}

/** Neighbours that the hostile archives name: none may change. */
async function layTraps(scratch: Scratch): Promise<void> {
  await mkdir(scratch.path("data"));
  for (const name of ["victim/x", "x", "secret", "dest-evil/secret", "data-evil/secret"]) {
    await Bun.write(scratch.path(name), "untouched");
  }
}

async function unpack(scratch: Scratch): Promise<RunnerError | undefined> {
  const destination = scratch.path("data/tree");
  try {
    await extractArchive({
      archivePath: scratch.path("data/archive.tar.gz"),
      destination,
      limits: DEFAULT_ARCHIVE_LIMITS,
    });
    await readManifest(destination, MANIFEST_DEFAULTS);
    return undefined;
  } catch (error) {
    if (error instanceof RunnerError) return error;
    throw error;
  }
}

function assertModes(scratch: Scratch, paths: string[], executable: string[]): void {
  const wrong = paths.filter((path) => {
    const stat = lstatSync(scratch.path("data/tree", path));
    const mode = stat.isDirectory() || executable.includes(path) ? 0o755 : 0o644;
    return !stat.isSymbolicLink() && (stat.mode & 0o7777) !== mode;
  });
  expect(wrong).toEqual([]);
}
