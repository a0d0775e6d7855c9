import { join } from "node:path";

import type { AgentParts } from "../agents/parts.ts";
import type { Config } from "../config/load.ts";
import { readWebhookSecrets } from "../config/webhook-secrets.ts";
import { clearOutbox, openOutbox } from "../webhooks/outbox.ts";
import { createWebhooks } from "../webhooks/webhooks.ts";

export type WebhookSender = AsyncDisposable & {
  /** Reads the secrets again. Throws StartError for a file that is not valid, and then keeps those there were. */
  reread(): Promise<void>;
};

/** Has the operator's address told what happens, if there is one. Throws StartError for secrets that are none. */
export async function startWebhooks(
  { webhookUrl: url, webhookSecretFile, dataDir }: Config,
  parts: Pick<AgentParts, "feed" | "clock" | "log" | "metrics">,
  closing: AbortSignal,
): Promise<WebhookSender> {
  const directory = join(dataDir, "webhooks");
  if (url === undefined || webhookSecretFile === undefined) {
    await clearOutbox(directory);
    return { reread: () => Promise.resolve(), [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  let secrets = await readWebhookSecrets(webhookSecretFile);
  const outbox = await openOutbox(directory, parts);
  const webhooks = createWebhooks({ url, secrets: () => secrets }, { ...parts, outbox, closing });
  parts.feed.onEvent((event) => webhooks.tell(event));
  return {
    async reread() {
      secrets = await readWebhookSecrets(webhookSecretFile);
    },
    [Symbol.asyncDispose]: () => webhooks.settled(),
  };
}
