import { readFile } from "node:fs/promises";

import { messageOf } from "../lib/errors.ts";
import { StartError } from "../lib/start-error.ts";

/** As https://www.standardwebhooks.com has them. */
const PREFIX = "whsec_";
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const MIN_BYTES = 24;
const MAX_BYTES = 64;

/** The secrets of a file, one a line, the newest first. Throws StartError. */
export async function readWebhookSecrets(path: string): Promise<Buffer[]> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw new StartError(`OKEN_WEBHOOK_SECRET_FILE cannot be read: ${messageOf(error)}`);
  });
  const lines = text.split("\n").map((line) => line.trim());
  const secrets = lines.filter((line) => line !== "" && !line.startsWith("#")).map(parse);
  if (secrets.length > 0) return secrets;
  throw new StartError(
    "OKEN_WEBHOOK_SECRET_FILE holds no secret. Make one with: echo whsec_$(openssl rand -base64 32)",
  );
}

/** No message has a piece of the line. */
function parse(line: string, index: number): Buffer {
  const encoded = line.startsWith(PREFIX) ? line.slice(PREFIX.length) : "";
  const secret = BASE64.test(encoded) ? Buffer.from(encoded, "base64") : undefined;
  if (secret !== undefined && secret.length >= MIN_BYTES && secret.length <= MAX_BYTES) return secret;
  throw new StartError(
    `Secret ${index + 1} in OKEN_WEBHOOK_SECRET_FILE is not ${PREFIX} and ${MIN_BYTES} to ${MAX_BYTES} bytes in base64, as echo ${PREFIX}$(openssl rand -base64 32) makes.`,
  );
}
