import type { Config } from "../config/load.ts";
import type { Setting } from "../config/setting.ts";
import { SETTINGS } from "../config/settings.ts";
import { messageOf } from "../lib/errors.ts";
import type { Log } from "../lib/log.ts";
import type { Access } from "../server/access/access.ts";
import type { Listener } from "../server/listening/listen.ts";
import type { WebhookSender } from "./webhooks.ts";

type ReloadParts = {
  /** What the runner was started with. */
  config: Config;
  log: Log;
  access: Pick<Access, "reload" | "reread">;
  listener: Pick<Listener, "renewCertificate">;
  webhooks: Pick<WebhookSender, "reread">;
};

/** What a reload changes: everything else waits for the next start. */
const RELOADED: ReadonlySet<string> = new Set<keyof Config>(["logLevel", "apiToken"]);

/**
 * Reads again the log level, the tokens, the certificates and the secrets of webhooks. The authorities that builds trust are read for each build
 * anyway. One part that is not valid stays as it was, and the log says why.
 */
export function createReload({ config, log, access, listener, webhooks }: ReloadParts) {
  let current = config;
  const attempt = async (what: string, work: () => void | Promise<void>) => {
    try {
      await work();
    } catch (error) {
      log.error({ reason: messageOf(error) }, `${what} as before: what was read is not valid`);
    }
  };
  return async (load: () => Config): Promise<void> => {
    await attempt("the settings stay", () => {
      const next = load();
      reportIgnored(current, next, log);
      log.level = next.logLevel;
      access.reload(next.apiToken);
      current = { ...current, logLevel: next.logLevel, apiToken: next.apiToken };
    });
    await attempt("the tokens stay", () => access.reread());
    await attempt("the certificate stays", () => listener.renewCertificate());
    await attempt("the secrets of webhooks stay", () => webhooks.reread());
    log.info({ log_level: log.level }, "the settings were read again");
  };
}

function reportIgnored(current: Config, next: Config, log: Log): void {
  const changed = Object.entries(next).filter(
    ([name, value]) => !RELOADED.has(name) && Reflect.get(current, name) !== value,
  );
  if (changed.length === 0) return;
  log.warn(
    { settings: changed.map(([name]) => variableOf(name)) },
    "these settings change only with the next start",
  );
}

function variableOf(name: string): string {
  return Object.entries<Setting>(SETTINGS).find(([key]) => key === name)?.[1].env ?? name;
}
