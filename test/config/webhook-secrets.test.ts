import { expect, onTestFinished, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { loadConfig } from "../../src/config/load.ts";
import { readWebhookSecrets } from "../../src/config/webhook-secrets.ts";

const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

async function fileWith(text: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "oken-webhooks-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const path = join(directory, "secret");
  await Bun.write(path, text);
  return path;
}

test("secrets stand one a line, the newest first", async () => {
  const older = `whsec_${Buffer.alloc(24, 1).toString("base64")}`;
  const secrets = await readWebhookSecrets(await fileWith(`# newest\n${SECRET}\n\n${older}\n`));
  expect(secrets.map(({ length }) => length)).toEqual([32, 24]);
});

test.each(["", "secret", `whsec_${Buffer.alloc(8).toString("base64")}`, SECRET.slice(6)])(
  "%p is refused, and not repeated",
  async (text) => {
    const reading = readWebhookSecrets(await fileWith(text));
    await expect(reading).rejects.toThrow("OKEN_WEBHOOK_SECRET_FILE");
    if (text !== "") await expect(reading).rejects.not.toThrow(text);
  },
);

test("an address goes with a secret", async () => {
  const path = await fileWith(SECRET);
  expect(() => loadConfig({ OKEN_WEBHOOK_URL: "https://hooks.example/x" })).toThrow(
    "OKEN_WEBHOOK_URL is set, but OKEN_WEBHOOK_SECRET_FILE is not",
  );
  expect(() => loadConfig({ OKEN_WEBHOOK_SECRET_FILE: path })).toThrow("OKEN_WEBHOOK_URL is not");
  const both = { OKEN_WEBHOOK_URL: "https://hooks.example/x", OKEN_WEBHOOK_SECRET_FILE: path };
  expect(loadConfig(both)).toMatchObject({ webhookUrl: "https://hooks.example/x" });
});
