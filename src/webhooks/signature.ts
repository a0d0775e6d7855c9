import { createHmac } from "node:crypto";

/** What a receiver checks, as https://www.standardwebhooks.com has it. */
export type SignedMessage = { id: string; timestamp: number; body: string };

/** A signature with each secret: while one takes the place of another, receivers may know either. */
export function signatureOf(secrets: readonly Buffer[], { id, timestamp, body }: SignedMessage): string {
  return secrets
    .map((secret) => createHmac("sha256", secret).update(`${id}.${timestamp}.${body}`).digest("base64"))
    .map((signature) => `v1,${signature}`)
    .join(" ");
}
