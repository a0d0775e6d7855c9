import type { Log } from "../../lib/log.ts";
import { LOOPBACK, createNetworkList } from "../../lib/networks.ts";
import { StartError } from "../../lib/start-error.ts";
import type { AccessSettings } from "./access.ts";

/**
 * Says so in the log when other machines can call the runner without a token.
 *
 * @param addresses what `host` stands for
 * @throws StartError unless the operator wants that
 */
export function requireProtection(
  { host, addresses }: { host: string; addresses: readonly string[] },
  { apiToken, tokensFile, allowFrom, allowNoToken }: AccessSettings,
  log: Log,
): void {
  if (apiToken !== undefined || tokensFile !== undefined) return;
  const own = createNetworkList(LOOPBACK);
  if (addresses.every((address) => own.has(address))) return;
  if (!allowNoToken)
    throw new StartError(
      `OKEN_HOST is ${JSON.stringify(host)}, which other machines reach, and no token keeps them from running code here; set OKEN_API_TOKEN or OKEN_API_TOKENS_FILE, or OKEN_ALLOW_NO_TOKEN=yes, best with OKEN_ALLOW_FROM.`,
    );
  const from = allowFrom.length === 0 ? "anywhere" : allowFrom.join(", ");
  log.warn(
    { host, from },
    "no token is set: whoever reaches this address from there can run code on this host",
  );
}
