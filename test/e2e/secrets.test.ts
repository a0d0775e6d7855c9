import { expect, test } from "bun:test";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startRunner } from "../helpers/runner.ts";

const AGENT = {
  "oken.toml": '[agent]\nname = "Secret"\n',
  "main.py": `import os

def handler(input):
    if input.get("fail"):
        raise ValueError("the key is " + os.environ["KEY"])
    print("the key is", os.environ["KEY"])
    return os.environ["KEY"]
`,
};
const VALUE = "hunter2-hunter2";

test("secrets are encrypted on disk, cut from errors and logs, and open with a new key beside the old one", async () => {
  const directory = await mkdtemp(join(tmpdir(), "oken-test-"));
  const keyFile = join(directory, "key");
  await writeFile(keyFile, "01".repeat(32));
  await using runner = await startRunner({ OKEN_REDACT_LOGS: "yes", OKEN_SECRETS_DIR: directory });
  await runner.deploy("secret", AGENT, { KEY: VALUE });
  const file = join(runner.dataDir, "agents", "secret", "versions", "1");

  // What was plain is encrypted at the start. The container that runs has its file already.
  await runner.kill("SIGTERM");
  await runner.restart({ OKEN_SECRETS_KEY_FILE: keyFile });
  expect(await readdir(file)).toContain("secrets.sealed");
  expect(await readdir(file)).not.toContain("secrets.json");
  expect((await runner.invoke("secret", {})).body.output).toBe(VALUE);
  // A container of before cannot start again without it, and so is replaced.
  for (let again = 0; again < 2; again += 1) {
    await runner.request("POST", "/stop/secret");
    await runner.request("POST", "/start/secret");
    expect((await runner.invoke("secret", {})).body.output).toBe(VALUE);
  }

  const failed = await runner.invoke("secret", { fail: true });
  expect(failed.body.error).toContain("ValueError: the key is [REDACTED]");
  const { body } = await runner.request("GET", "/logs/secret?tail=100");
  expect(JSON.stringify(body)).toContain("the key is [REDACTED]");
  expect(JSON.stringify([failed.body, body])).not.toContain(VALUE);
  const broken = {
    ...AGENT,
    "main.py": 'import os\nraise ValueError("it is " + os.environ["KEY"])\ndef handler(input): ...\n',
  };
  const refused = await runner.deploy("broken", broken, { KEY: VALUE });
  expect(refused.body.error).toContain("[REDACTED]");
  expect(JSON.stringify([refused.body, runner.log()])).not.toContain(VALUE);

  await runner.kill("SIGTERM");
  await writeFile(keyFile, "02".repeat(32));
  await expect(runner.restart({ OKEN_SECRETS_KEY_FILE: keyFile })).rejects.toThrow(
    "has no key that opens the secrets of agent secret, version 1",
  );
  await writeFile(keyFile, `${"02".repeat(32)}\n${"01".repeat(32)}`);
  await runner.restart({ OKEN_SECRETS_KEY_FILE: keyFile });
  expect((await runner.invoke("secret", {})).body.output).toBe(VALUE);

  const changed = await runner.request("PATCH", "/agents/secret/secrets", { body: '{"OTHER": "x"}' });
  expect(changed).toMatchObject({ status: 200, body: { version: 2, unchanged: false, warnings: [] } });
  const names = await runner.request("GET", "/agents/secret/secrets");
  expect(names.body).toEqual({ secrets: ["KEY", "OTHER"] });
  expect((await runner.invoke("secret", {})).body.output).toBe(VALUE);
  await rm(directory, { recursive: true });
});
