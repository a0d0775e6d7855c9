import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

import type { ArchiveCase } from "../fixtures/archives/case.ts";
import { ARCHIVE_CASES } from "../fixtures/archives/cases.ts";
import { postArchive, refusal } from "../fixtures/archives/post.ts";
import { snapshot } from "../fixtures/archives/snapshot.ts";
import { answering } from "../helpers/agents.ts";
import { type TestRunner, startRunner } from "../helpers/runner.ts";

/** `make soak` sends them all. */
const isLong = Bun.env["OKEN_TEST_LONG"] === "yes";

/** One of each outcome; test/upload/archive-cases.test.ts sends all of them to the compiled reader of uploads. */
const SENT = isLong ? ARCHIVE_CASES : oneOfEachOutcome();

/** Archives of the catalogue, sent to an agent that serves. */
let runner: TestRunner;
beforeAll(async () => {
  // When an agent was last invoked is written at each look for idle ones, in the middle of a case.
  runner = await startRunner({ OKEN_CLEANUP_INTERVAL: "3600" });
  expect((await runner.deploy("earlier", answering("still here"))).status).toBe(200);
});
afterAll(() => runner[Symbol.asyncDispose]());

for (const archiveCase of SENT) {
  test(`${archiveCase.id}: ${archiveCase.title}`, () => run(archiveCase));
}

function oneOfEachOutcome(): ArchiveCase[] {
  const light = ARCHIVE_CASES.filter(({ heavy }) => heavy !== true);
  const byOutcome = Map.groupBy(light, ({ expect: expected }) =>
    expected.accept ? "accepted" : `${expected.code} ${expected.reason ?? expected.limit ?? ""}`,
  );
  return [...byOutcome.values()].flatMap((cases) => cases.slice(0, 1));
}

/** An accepted archive ends as a CONFIG_ERROR: its main.py is no Python, so that nothing is built. */
async function run({ bytes, expect: expected }: ArchiveCase): Promise<void> {
  const agents = snapshot(join(runner.dataDir, "agents"));

  const answer = await postArchive(runner.url, "earlier", bytes());

  expect(answer).toMatchObject(expected.accept ? { status: 400, code: "CONFIG_ERROR" } : refusal(expected));
  expect(await staged()).toEqual([]);
  expect(snapshot(join(runner.dataDir, "agents"))).toEqual(agents);
  expect((await runner.invoke("earlier")).body.output).toBe("still here");
}

/** What is left in the staging directory. */
async function staged(): Promise<string[]> {
  const names = await readdir(join(runner.dataDir, "staging"), { recursive: true });
  return names.filter((name) => name !== "uploads");
}
