import type { AgentParts } from "../agents/parts.ts";
import type { Config } from "../config/load.ts";
import { readWebhookSecrets } from "../config/webhook-secrets.ts";
import { createWebhooks } from "../webhooks/webhooks.ts";

/** Has the operator's address told what happens, if there is one. Throws StartError for secrets that are none. */
export async function startWebhooks(
  { webhookUrl, webhookSecretFile }: Config,
  parts: Pick<AgentParts, "feed" | "clock" | "log" | "metrics">,
  closing: AbortSignal,
): Promise<void> {
  if (webhookUrl === undefined || webhookSecretFile === undefined) return;
  const secrets = await readWebhookSecrets(webhookSecretFile);
  const webhooks = createWebhooks({ url: webhookUrl, secrets }, { ...parts, closing });
  parts.feed.onEvent((event) => webhooks.tell(event));
}
