import { expect, test } from "bun:test";
import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { loadConfig } from "../../src/config/load.ts";
import { openSecrets } from "../../src/daemon/secrets.ts";
import { createLog } from "../../src/lib/log.ts";
import { scratchDirectory } from "../fixtures/archives/scratch.ts";
import { eventually } from "../helpers/eventually.ts";

/** A runner that starts with a key, in a directory where one of its identity has a secret open. */
async function starting() {
  const scratch = await scratchDirectory();
  const [dataDir, secretsDir, keyFile] = ["data", "memory", "key"].map((name) => scratch.path(name));
  const open = join(secretsDir ?? "", "oken-r1");
  await mkdir(open, { recursive: true });
  await writeFile(join(open, "echo.1.json"), "{}");
  await writeFile(keyFile ?? "", "ab".repeat(32), { mode: 0o600 });
  const version = join(dataDir ?? "", "agents", "echo", "versions", "1");
  await mkdir(version, { recursive: true });
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLog({ level: "info", format: "json", destination });
  const config = loadConfig({
    OKEN_DATA_DIR: dataDir,
    OKEN_SECRETS_DIR: secretsDir,
    OKEN_SECRETS_KEY_FILE: keyFile,
  });
  const claimed = Promise.withResolvers<void>();
  return {
    ...{ open, version, lines, claimed },
    files: (changes = {}) =>
      openSecrets(
        { ...config, ...changes },
        { runnerId: "r1", mirror: undefined, log, claim: () => claimed.promise },
      ),
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}

test("a copy of a data directory takes no open secret from its runner, and what a crash left goes", async () => {
  await using it = await starting();
  await it.files();
  expect(await readdir(it.open)).toEqual(["echo.1.json"]);
  it.claimed.resolve();
  await eventually(async () => expect(await readdir(it.open)).toEqual([]));
  expect((await stat(it.open)).mode & 0o777).toBe(0o700);
});

test("a start waits with its secrets until the agents are this process's", async () => {
  await using it = await starting();
  const files = await it.files();
  await files.writeSecrets("echo", 1, { secrets: { KEY: "value" }, reader: undefined });
  let isStarted = false;
  const start = files.during("echo", 1, async () => {
    isStarted = true;
    return Bun.file(files.secretsPath("echo", 1)).json();
  });
  await Bun.sleep(0);
  expect(isStarted).toBe(false);
  it.claimed.resolve();
  expect(await start).toEqual({ KEY: "value" });
});

test("one version's damaged secrets are told, and keep no runner from its start", async () => {
  await using it = await starting();
  await writeFile(join(it.version, "secrets.sealed"), "{");
  await it.files();
  expect(it.lines.map((line) => JSON.parse(line))).toMatchObject([
    { level: "error", agent_id: "echo", version: 1, reason: expect.stringContaining("cannot be read") },
  ]);
});

test("a directory that is not there ends the start with a sentence", async () => {
  await using it = await starting();
  await expect(it.files({ secretsDir: join(it.open, "none") })).rejects.toThrow(
    "OKEN_SECRETS_DIR cannot be used",
  );
});
