import { afterAll, beforeAll, expect, test } from "bun:test";

import { ARCHIVE_CASES } from "../fixtures/archives/cases.ts";
import { withBase } from "../fixtures/archives/case.ts";
import { postArchive, refusal } from "../fixtures/archives/post.ts";
import { scratchDirectory } from "../fixtures/archives/scratch.ts";
import { snapshot } from "../fixtures/archives/snapshot.ts";
import { startCompiledServer } from "../fixtures/upload/compiled.ts";
import type { ArchiveCase } from "../fixtures/archives/case.ts";

const TIMEOUT_MS = 60_000;
const EARLIER = withBase();

const scratch = await scratchDirectory();
const server = await startCompiledServer({ directory: scratch.path() });
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

beforeAll(async () => {
  expect(await postArchive(server.url, "earlier", EARLIER)).toMatchObject({ status: 200 });
});

for (const archiveCase of ARCHIVE_CASES) {
  test(`${archiveCase.id} over HTTP, compiled: ${archiveCase.title}`, () => run(archiveCase), TIMEOUT_MS);
}

async function run({ bytes, expect: expected }: ArchiveCase): Promise<void> {
  const earlier = snapshot(scratch.path("data/trees/earlier"));
  const agentId = expected.accept ? "accepted" : "earlier";

  const answer = await postArchive(server.url, agentId, bytes());

  expect(answer).toMatchObject(expected.accept ? { status: 200 } : refusal(expected));
  expect(await server.health()).toMatchObject({ staged: [], used: 0 });
  expect(snapshot(scratch.path("data/trees/earlier"))).toEqual(earlier);
}
