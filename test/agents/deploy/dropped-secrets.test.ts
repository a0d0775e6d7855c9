import { expect, test } from "bun:test";

import { droppedSecrets } from "../../../src/agents/deploy/dropped-secrets.ts";
import { createSecretFiles } from "../../../src/agents/secrets/files.ts";
import { versionRecord } from "../../helpers/records.ts";
import { temporaryTree } from "../../helpers/tree.ts";

const before = { id: "echo", currentVersion: versionRecord(1) };

async function droppedOf(had: Record<string, string>, sent: Record<string, string>): Promise<string[]> {
  await using directory = await temporaryTree();
  const secrets = createSecretFiles({ versionDir: () => directory.path, keys: [], mountDir: "" });
  await secrets.writeSecrets("echo", 1, { secrets: had, reader: undefined });
  return await droppedSecrets({ secrets }, before, sent);
}

test.each([
  [{ A: "1", B: "2" }, {}, ["This deploy did not send A, B: the version before had those secrets"]],
  [{ A: "1", B: "2" }, { B: "3" }, ["This deploy did not send A: the version before had that secret"]],
  [{ A: "1" }, { A: "2", C: "" }, []],
  [{}, { A: "1" }, []],
])("with %j before and %j now, the names that are gone are told", async (had, sent, expected) => {
  const warnings = await droppedOf(had, sent);
  expect(warnings).toEqual(expected.map((text) => expect.stringContaining(text)));
  expect(warnings.join("")).not.toMatch(/[123]/);
});

test("secrets that cannot be read, and a first deploy, warn of nothing", async () => {
  const secrets = createSecretFiles({ versionDir: () => "/nowhere", keys: [], mountDir: "" });
  expect(await droppedSecrets({ secrets }, before, {})).toEqual([]);
  expect(await droppedSecrets({ secrets }, undefined, {})).toEqual([]);
});

test("of many names the first are told", async () => {
  const many = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`NAME_${index}`, "x"]));
  expect((await droppedOf(many, {}))[0]).toContain(" and 10 more: ");
});
